#include "wire/mesos/secrets.hpp"

#include "base/url.hpp"

#include <google/protobuf/message.h>

#include "mesos.pb.h"

#include <vector>

namespace windlass::convert {

namespace {

namespace pb = mesos::v1;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Whether this is a kind of message that holds a secret itself. Nothing below it does then.
bool hide_own(Message& message) {
  if (auto* secret = dynamic_cast<pb::Secret*>(&message)) {
    // Its type stays, so that the message is still complete.
    secret->clear_value();
    return true;
  }
  if (auto* credential = dynamic_cast<pb::Credential*>(&message)) {
    credential->clear_secret();
    return true;
  }
  if (auto* uri = dynamic_cast<pb::CommandInfo::URI*>(&message)) {
    uri->set_value(without_password(uri->value()));
    return true;
  }
  return false;
}

}  // namespace

// Over descriptors, so that a field that is added to the protocol cannot be forgotten here.
void hide_secrets(Message& message) {
  if (hide_own(message)) return;
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    // The protocol's maps hold no message with a secret in it.
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      hide_secrets(*reflection->MutableMessage(&message, field));
      continue;
    }
    for (int at = 0; at < reflection->FieldSize(message, field); ++at) {
      hide_secrets(*reflection->MutableRepeatedMessage(&message, field, at));
    }
  }
}

}  // namespace windlass::convert
