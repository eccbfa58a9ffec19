// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_SETTING_ACCESSOR_H
#define ISB_NS3_SETTING_ACCESSOR_H

#include "model/ns3/sim-time.h"
#include "model/wire/units.h"

#include "ns3/attribute-accessor-helper.h"
#include "ns3/boolean.h"
#include "ns3/double.h"
#include "ns3/enum.h"
#include "ns3/nstime.h"
#include "ns3/string.h"
#include "ns3/uinteger.h"

#include <cmath>
#include <string>
#include <type_traits>

namespace ns3
{

/// How a field of a core machine's settings is shown as value of an ns-3 attribute.
template <class Field, class = void>
struct SettingValue
{
    static_assert(std::is_unsigned_v<Field>);
    using Type = UintegerValue;

    static Field
    From(const Type& value)
    {
        return static_cast<Field>(value.Get());
    }

    static uint64_t
    To(Field field)
    {
        return field;
    }
};

template <>
struct SettingValue<bool>
{
    using Type = BooleanValue;

    static bool
    From(const Type& value)
    {
        return value.Get();
    }

    static bool
    To(bool field)
    {
        return field;
    }
};

template <>
struct SettingValue<std::string>
{
    using Type = StringValue;

    static std::string
    From(const Type& value)
    {
        return value.Get();
    }

    static std::string
    To(const std::string& field)
    {
        return field;
    }
};

template <>
struct SettingValue<isb::Duration>
{
    using Type = TimeValue;

    static isb::Duration
    From(const Type& value)
    {
        return ToDuration(value.Get());
    }

    static Time
    To(isb::Duration field)
    {
        return ToTime(field);
    }
};

/// A share of 1.
template <>
struct SettingValue<isb::Ratio>
{
    using Type = DoubleValue;

    static isb::Ratio
    From(const Type& value)
    {
        return {static_cast<uint32_t>(std::lround(value.Get() * 1e6))};
    }

    static double
    To(isb::Ratio field)
    {
        return field.AsDouble();
    }
};

/// By name, as the attribute's checker says.
template <class Field>
struct SettingValue<Field, std::enable_if_t<std::is_enum_v<Field>>>
{
    using Type = EnumValue;

    static Field
    From(const Type& value)
    {
        return static_cast<Field>(value.Get());
    }

    static int
    To(Field field)
    {
        return static_cast<int>(field);
    }
};

/// An attribute that is the field of an object to which `reach` leads.
template <class Owner, class Field, class Reach>
Ptr<const AttributeAccessor>
MakeReachAccessor(Reach reach)
{
    using Value = typename SettingValue<Field>::Type;

    class Accessor : public AccessorHelper<Owner, Value>
    {
      public:
        explicit Accessor(Reach reach)
            : m_reach(reach)
        {
        }

        bool
        HasGetter() const override
        {
            return true;
        }

        bool
        HasSetter() const override
        {
            return true;
        }

      private:
        bool
        DoSet(Owner* object, const Value* value) const override
        {
            m_reach(*object) = SettingValue<Field>::From(*value);
            return true;
        }

        bool
        DoGet(const Owner* object, Value* value) const override
        {
            value->Set(SettingValue<Field>::To(m_reach(*object)));
            return true;
        }

        Reach m_reach;
    };

    return Ptr<const AttributeAccessor>(new Accessor(reach), false);
}

/// An attribute that is a field of the settings that an object holds for a core machine:
/// MakeSettingAccessor(&IsbApplication::m_settings, &isb::IsbSettings::port).
template <class Owner, class Settings, class Field>
Ptr<const AttributeAccessor>
MakeSettingAccessor(Settings Owner::*settings, Field Settings::*field)
{
    return MakeReachAccessor<Owner, Field>(
        [ settings, field ](auto& object) -> auto& { return object.*settings.*field; });
}

/// The same of a part of the settings: (&NatForwarder::m_settings, &isb::NatSettings::timers,
/// &isb::NatTimers::udp).
template <class Owner, class Settings, class Part, class Field>
Ptr<const AttributeAccessor>
MakeSettingAccessor(Settings Owner::*settings, Part Settings::*part, Field Part::*field)
{
    return MakeReachAccessor<Owner, Field>(
        [ settings, part, field ](auto& object) -> auto& { return object.*settings.*part.*field; });
}

} // namespace ns3

#endif
