#include "wire/mesos/json.hpp"

#include "base/base64.hpp"
#include "wire/json/reader.hpp"
#include "wire/json/text.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>
#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace windlass {
namespace {

namespace json = boost::json;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// ---- printing ----

void append_message(std::string& out, const Message& message);

// One value of `field`: the only one, or number `index` of a list.
struct Slot {
  const Message& message;
  const FieldDescriptor* field;
  int index = -1;
};

const std::string& text_of(const Slot& slot, std::string& scratch) {
  const Reflection* reflection = slot.message.GetReflection();
  return slot.index < 0 ? reflection->GetStringReference(slot.message, slot.field, &scratch)
                        : reflection->GetRepeatedStringReference(slot.message, slot.field, slot.index, &scratch);
}

void append_text(std::string& out, const Slot& slot) {
  std::string scratch;
  const std::string& text = text_of(slot, scratch);
  // Standard alphabet with padding, in both directions (mesos.md 0.2).
  if (slot.field->type() == FieldDescriptor::TYPE_BYTES) {
    out.append("\"").append(encode_base64(text)).append("\"");
  } else {
    append_json_string(out, text);
  }
}

void append_value(std::string& out, const Slot& slot) {
  const auto& [message, field, index] = slot;
  const Reflection* in = message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      out += (one ? in->GetBool(message, field) : in->GetRepeatedBool(message, field, index)) ? "true" : "false";
      return;
    case FieldDescriptor::CPPTYPE_INT32:
      out += std::to_string(one ? in->GetInt32(message, field) : in->GetRepeatedInt32(message, field, index));
      return;
    case FieldDescriptor::CPPTYPE_INT64:
      out += std::to_string(one ? in->GetInt64(message, field) : in->GetRepeatedInt64(message, field, index));
      return;
    case FieldDescriptor::CPPTYPE_UINT32:
      out += std::to_string(one ? in->GetUInt32(message, field) : in->GetRepeatedUInt32(message, field, index));
      return;
    case FieldDescriptor::CPPTYPE_UINT64:
      out += std::to_string(one ? in->GetUInt64(message, field) : in->GetRepeatedUInt64(message, field, index));
      return;
    case FieldDescriptor::CPPTYPE_FLOAT:
      append_json_double(out, one ? in->GetFloat(message, field) : in->GetRepeatedFloat(message, field, index));
      return;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      append_json_double(out, one ? in->GetDouble(message, field) : in->GetRepeatedDouble(message, field, index));
      return;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = one ? in->GetEnum(message, field) : in->GetRepeatedEnum(message, field, index);
      append_json_string(out, value->name());
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING: append_text(out, slot); return;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      append_message(out, one ? in->GetMessage(message, field) : in->GetRepeatedMessage(message, field, index));
      return;
  }
}

void append_list(std::string& out, const Message& message, const FieldDescriptor* field) {
  out += '[';
  const int size = message.GetReflection()->FieldSize(message, field);
  for (int i = 0; i < size; ++i) {
    if (i > 0) out += ',';
    append_value(out, {message, field, i});
  }
  out += ']';
}

// A map's key as the name of an object's member: text as it is, anything else as it would be printed.
std::string map_key(const Message& entry) {
  const FieldDescriptor* key = entry.GetDescriptor()->map_key();
  if (key->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return entry.GetReflection()->GetString(entry, key);
  std::string text;
  append_value(text, {entry, key});
  return text;
}

void append_map(std::string& out, const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  std::vector<std::pair<std::string, const Message*>> entries;
  for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
    const Message& entry = reflection->GetRepeatedMessage(message, field, i);
    entries.emplace_back(map_key(entry), &entry);
  }
  // protobuf keeps maps in the order of a hash, which differs from run to run.
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  char before = '{';
  for (const auto& [key, entry] : entries) {
    out += before;
    before = ',';
    append_json_string(out, key);
    out += ':';
    append_value(out, {*entry, entry->GetDescriptor()->map_value()});
  }
  out += entries.empty() ? "{}" : "}";
}

// Clients rely on it: "checkpoint":false is there though nobody has set it (mesos.md 0.2).
bool is_printed(const Message& message, const FieldDescriptor* field) {
  const Reflection* reflection = message.GetReflection();
  if (field->is_repeated()) return reflection->FieldSize(message, field) > 0;
  return reflection->HasField(message, field) || (field->has_default_value() && !field->options().deprecated());
}

void append_message(std::string& out, const Message& message) {
  out += '{';
  bool first = true;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (!is_printed(message, field)) continue;
    if (!first) out += ',';
    first = false;
    out.append("\"").append(field->name()).append("\":");
    if (field->is_map()) {
      append_map(out, message, field);
    } else if (field->is_repeated()) {
      append_list(out, message, field);
    } else {
      append_value(out, {message, field});
    }
  }
  out += '}';
}

// ---- filling a message ----

Result<void> read_object(const json::object& object, Message& message);

Error unexpected(const char* what, const FieldDescriptor* field) {
  return {Errc::invalid, std::string("Not expecting a JSON ") + what + " for field '" + field->name() + "'"};
}

// Built on the way out: each level puts its own name in front.
Error located(Error error, std::string_view name) {
  error.where = "/" + std::string(name) + error.where;
  return error;
}

// A JSON number as the integer T, a fraction cut off, or nothing when T cannot hold it.
template <class T>
bool integer_of(const json::value& number, T& out) {
  if (number.is_double()) {
    // 2 to the power of the type's bits: max() itself has no double, and would be rounded up to a value that T cannot
    // hold.
    constexpr double above = static_cast<double>(std::numeric_limits<T>::max() / 2 + 1) * 2;
    const double whole = std::trunc(number.get_double());
    if (!(whole >= static_cast<double>(std::numeric_limits<T>::min()) && whole < above)) return false;
    out = static_cast<T>(whole);
    return true;
  }
  const bool fits = number.is_int64() ? std::in_range<T>(number.get_int64()) : std::in_range<T>(number.get_uint64());
  if (fits) out = number.is_int64() ? static_cast<T>(number.get_int64()) : static_cast<T>(number.get_uint64());
  return fits;
}

// Puts a value into a field: set when there is one, added when there are many.
class Sink {
 public:
  Sink(Message& message, const FieldDescriptor* field)
      : message_(message), in_(message.GetReflection()), field_(field), many_(field->is_repeated()) {}

  void put(bool v) { many_ ? in_->AddBool(&message_, field_, v) : in_->SetBool(&message_, field_, v); }
  void put(double v) { many_ ? in_->AddDouble(&message_, field_, v) : in_->SetDouble(&message_, field_, v); }
  void put(float v) { many_ ? in_->AddFloat(&message_, field_, v) : in_->SetFloat(&message_, field_, v); }
  void put(std::int32_t v) { many_ ? in_->AddInt32(&message_, field_, v) : in_->SetInt32(&message_, field_, v); }
  void put(std::int64_t v) { many_ ? in_->AddInt64(&message_, field_, v) : in_->SetInt64(&message_, field_, v); }
  void put(std::uint32_t v) { many_ ? in_->AddUInt32(&message_, field_, v) : in_->SetUInt32(&message_, field_, v); }
  void put(std::uint64_t v) { many_ ? in_->AddUInt64(&message_, field_, v) : in_->SetUInt64(&message_, field_, v); }
  void put(const EnumValueDescriptor* v) {
    many_ ? in_->AddEnum(&message_, field_, v) : in_->SetEnum(&message_, field_, v);
  }
  void put(std::string v) {
    many_ ? in_->AddString(&message_, field_, std::move(v)) : in_->SetString(&message_, field_, std::move(v));
  }
  Message& open() { return many_ ? *in_->AddMessage(&message_, field_) : *in_->MutableMessage(&message_, field_); }

 private:
  Message& message_;
  const Reflection* in_;
  const FieldDescriptor* field_;
  bool many_;
};

template <class T>
Result<void> put_integer(const json::value& number, Sink& sink, const FieldDescriptor* field) {
  T value{};
  if (!integer_of(number, value)) return Error{Errc::invalid, "Value out of range for field '" + field->name() + "'"};
  sink.put(value);
  return {};
}

Result<void> put_number(const json::value& number, Sink& sink, const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return put_integer<std::int32_t>(number, sink, field);
    case FieldDescriptor::CPPTYPE_INT64: return put_integer<std::int64_t>(number, sink, field);
    case FieldDescriptor::CPPTYPE_UINT32: return put_integer<std::uint32_t>(number, sink, field);
    case FieldDescriptor::CPPTYPE_UINT64: return put_integer<std::uint64_t>(number, sink, field);
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE: break;
    default: return unexpected("number", field);
  }
  const auto value = number.to_number<double>();
  // Infinity as a number can only come from digits that are too large, such as 1e999. Who means infinity writes a
  // string.
  if (std::isinf(value)) return Error{Errc::invalid, "Value out of range for field '" + field->name() + "'"};
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    sink.put(static_cast<float>(value));
  } else {
    sink.put(value);
  }
  return {};
}

// Numbers and booleans that come as JSON strings.
Result<void> put_quoted(std::string_view text, Sink& sink, const FieldDescriptor* field) {
  // Limits have them: "cpus":{"value":"Infinity"} is a task without a limit (mesos.md 0.2).
  const bool is_real = field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
  if (is_real && (text == "Infinity" || text == "-Infinity" || text == "NaN")) {
    const double infinity = std::numeric_limits<double>::infinity();
    sink.put(text == "NaN" ? std::numeric_limits<double>::quiet_NaN() : text[0] == '-' ? -infinity : infinity);
    return {};
  }
  const bool is_bool = field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
  const auto refuse = [&](const std::string& why) {
    return Error{Errc::invalid, "Failed to parse '" + std::string(text) + "' as a JSON " +
                                    (is_bool ? "boolean" : "number") + " for field '" + field->name() + "': " + why};
  };
  auto value = read_json(text);
  if (!value) return refuse(value.error().message);
  if (is_bool ? !value->is_bool() : !value->is_number()) return refuse("Unexpected JSON type parsed");
  if (!is_bool) return put_number(*value, sink, field);
  sink.put(value->get_bool());
  return {};
}

Result<void> put_string(std::string_view text, Sink& sink, const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: return unexpected("string", field);
    case FieldDescriptor::CPPTYPE_ENUM: {
      // By name only: Mesos does not take enums by number (mesos.md 0.2). An unknown name is a newer client's, and
      // leaves an optional field unset.
      const auto* value = field->enum_type()->FindValueByName(std::string(text));
      if (value) sink.put(value);
      if (value || !field->is_required()) return {};
      return Error{Errc::invalid, "Failed to find enum for '" + std::string(text) + "'"};
    }
    case FieldDescriptor::CPPTYPE_STRING: break;
    // Clients may quote numbers: protobuf's own JSON does so with 64-bit integers (mesos.md 0.2).
    default: return put_quoted(text, sink, field);
  }
  if (field->type() != FieldDescriptor::TYPE_BYTES) {
    sink.put(std::string(text));
    return {};
  }
  auto bytes = decode_base64(text);
  if (!bytes) {
    const std::string what = "Failed to base64 decode bytes field '" + field->name() + "': ";
    return Error{Errc::invalid, what + bytes.error().message};
  }
  sink.put(std::move(*bytes));
  return {};
}

Result<void> read_value(const json::value& value, Message& message, const FieldDescriptor* field);

// A key comes as a string whatever its type, which put_string() knows how to read.
Result<void> read_map(const json::object& object, Message& message, const FieldDescriptor* field) {
  for (const auto& member : object) {
    Message& entry = *message.GetReflection()->AddMessage(&message, field);
    Sink key(entry, entry.GetDescriptor()->map_key());
    auto done = put_string(member.key(), key, entry.GetDescriptor()->map_key());
    if (!done) return done.error();
    done = read_value(member.value(), entry, entry.GetDescriptor()->map_value());
    if (!done) return located(done.error(), member.key());
  }
  return {};
}

Result<void> read_value(const json::value& value, Message& message, const FieldDescriptor* field) {
  Sink sink(message, field);
  switch (value.kind()) {
    case json::kind::null: return {};
    case json::kind::string: return put_string(value.get_string(), sink, field);
    case json::kind::bool_:
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_BOOL) return unexpected("boolean", field);
      sink.put(value.get_bool());
      return {};
    case json::kind::array:
      if (!field->is_repeated()) return unexpected("array", field);
      // An element that is null adds nothing.
      for (const auto& element : value.get_array()) {
        auto done = read_value(element, message, field);
        if (!done) return done.error();
      }
      return {};
    case json::kind::object:
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return unexpected("object", field);
      if (field->is_map()) return read_map(value.get_object(), message, field);
      return read_object(value.get_object(), sink.open());
    default: return put_number(value, sink, field);
  }
}

Result<void> read_object(const json::object& object, Message& message) {
  for (const auto& member : object) {
    const auto* field = message.GetDescriptor()->FindFieldByName(std::string(member.key()));
    // Unknown fields are ignored; a misspelt one therefore looks as if it were missing (mesos.md 0.2).
    if (!field) continue;
    auto done = read_value(member.value(), message, field);
    if (!done) return located(done.error(), member.key());
  }
  return {};
}

Result<void> read_message(std::string_view text, Message& message) {
  auto value = read_json(text);
  if (!value) return value.error();
  if (!value->is_object()) return Error{Errc::invalid, "Expecting a JSON object"};
  auto done = read_object(value->get_object(), message);
  if (!done) return done.error();
  if (message.IsInitialized()) return {};
  return Error{Errc::invalid, "Missing required fields: " + message.InitializationErrorString()};
}

}  // namespace

std::string to_mesos_json(const google::protobuf::Message& message) {
  std::string out;
  append_message(out, message);
  return out;
}

Result<void> from_mesos_json(std::string_view json, google::protobuf::Message& message) {
  message.Clear();
  auto done = read_message(json, message);
  // Half a message must not be taken for a whole one.
  if (!done) message.Clear();
  return done;
}

}  // namespace windlass
