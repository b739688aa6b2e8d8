#include "wire/mesos/convert.hpp"

#include <algorithm>

namespace windlass::convert {
namespace {

// Merged, because frameworks send ranges in any order and touching each other, and the model's arithmetic wants them
// sorted and apart.
std::vector<Range> ranges_from(const pb::Value::Ranges& in) {
  std::vector<Range> ranges;
  for (const auto& range : in.range()) ranges.push_back({range.begin(), range.end()});
  return merge(std::move(ranges));
}

void ranges_to(const std::vector<Range>& in, pb::Value::Ranges& out) {
  for (const Range& each : in) {
    auto* range = out.add_range();
    range->set_begin(each.begin);
    range->set_end(each.end);
  }
}

// A reservation that is nothing but a static role is modelled; any other stays in `extra`.
bool is_plain_static(const pb::Resource& in) {
  return in.reservations_size() == 1 && in.reservations(0).type() == pb::Resource::ReservationInfo::STATIC &&
         !in.reservations(0).has_principal() && !in.reservations(0).has_labels();
}

// What the model has no place for.
std::string extra_of(const pb::Resource& in) {
  // Nearly all resources are; they are spared the copy.
  const bool is_usual = in.reservations_size() == 0 && !in.has_disk() && !in.has_reservation() && !in.has_revocable() &&
                        !in.has_shared() && !in.has_provider_id() && in.unknown_fields().empty();
  if (is_usual) return {};
  pb::Resource rest = in;
  // What the model does hold is taken out: it may change, and must not come back from here.
  rest.clear_name();
  rest.clear_type();
  rest.clear_scalar();
  rest.clear_ranges();
  rest.clear_set();
  rest.clear_allocation_info();
  if (is_plain_static(in)) {
    rest.clear_reservations();
  } else {
    rest.clear_role();
  }
  return rest.SerializePartialAsString();
}

}  // namespace

Resource from(const pb::Resource& in) {
  Resource out;
  out.name = in.name();
  if (in.type() == pb::Value::SCALAR) out.milli = to_milli(in.scalar().value());
  if (in.type() == pb::Value::RANGES) out.ranges = ranges_from(in.ranges());
  if (in.type() == pb::Value::SET) out.items = {in.set().item().begin(), in.set().item().end()};
  out.type = in.type() == pb::Value::RANGES ? ResourceType::ranges
             : in.type() == pb::Value::SET  ? ResourceType::set
                                            : ResourceType::scalar;
  out.allocation = in.allocation_info().role();
  if (is_plain_static(in)) {
    out.reservation = in.reservations(0).role();
  } else if (in.has_role() && in.role() != "*") {
    // The form from before reservations could be refined (mesos.md 2.2).
    out.reservation = in.role();
  }
  out.extra = extra_of(in);
  return out;
}

void to(const Resource& in, pb::Resource& out, ResourceStyle style) {
  // First, because it clears what is there.
  if (!in.extra.empty()) out.ParsePartialFromString(in.extra);
  out.set_name(in.name);
  out.set_type(in.type == ResourceType::ranges ? pb::Value::RANGES
               : in.type == ResourceType::set  ? pb::Value::SET
                                               : pb::Value::SCALAR);
  if (in.type == ResourceType::scalar) out.mutable_scalar()->set_value(from_milli(in.milli));
  if (in.type == ResourceType::ranges) ranges_to(in.ranges, *out.mutable_ranges());
  if (in.type == ResourceType::set) {
    for (const std::string& item : in.items) out.mutable_set()->add_item(item);
  }
  if (style.allocation && !in.allocation.empty()) out.mutable_allocation_info()->set_role(in.allocation);
  // Frameworks without RESERVATION_REFINEMENT know `role` only, and expect it also when it is "*" (mesos.md 2.2).
  if (!style.refined) {
    out.set_role(in.reservation.empty() ? "*" : in.reservation);
  } else if (!in.reservation.empty()) {
    auto* reservation = out.add_reservations();
    reservation->set_type(pb::Resource::ReservationInfo::STATIC);
    reservation->set_role(in.reservation);
  }
}

Attribute from(const pb::Attribute& in) {
  Attribute out{.name = in.name()};
  if (in.type() == pb::Value::SCALAR) {
    out.type = AttributeType::scalar;
    out.milli = to_milli(in.scalar().value());
  } else if (in.type() == pb::Value::RANGES) {
    out.type = AttributeType::ranges;
    out.ranges = ranges_from(in.ranges());
  } else if (in.type() == pb::Value::SET) {
    // The model has no attributes that are sets; as text they can still be shown and matched.
    for (const std::string& item : in.set().item()) out.text += (out.text.empty() ? "{" : ",") + item;
    out.text += out.text.empty() ? "{}" : "}";
  } else {
    out.text = in.text().value();
  }
  return out;
}

void to(const Attribute& in, pb::Attribute& out) {
  out.set_name(in.name);
  switch (in.type) {
    case AttributeType::scalar:
      out.set_type(pb::Value::SCALAR);
      out.mutable_scalar()->set_value(from_milli(in.milli));
      return;
    case AttributeType::ranges:
      out.set_type(pb::Value::RANGES);
      ranges_to(in.ranges, *out.mutable_ranges());
      return;
    case AttributeType::text:
      out.set_type(pb::Value::TEXT);
      out.mutable_text()->set_value(in.text);
      return;
  }
}

}  // namespace windlass::convert
