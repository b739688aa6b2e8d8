#pragma once
// Takes the secrets out of a message, for every view of tasks and executors. What goes to executors, and what goes into
// the journal, keeps them.

namespace google::protobuf {
class Message;
}

namespace windlass::convert {

// At any depth: the value of a Secret (variables of type SECRET, registry configurations), the secret of a Credential,
// and the password in a URI ("http://user:***@host/"). What is left is still a valid message: a variable shows its
// name and {"type":"SECRET","secret":{"type":"VALUE"}}.
void hide_secrets(google::protobuf::Message& message);

}  // namespace windlass::convert
