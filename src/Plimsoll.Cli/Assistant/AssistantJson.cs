using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Plimsoll.Cli.Assistant;

[JsonSerializable(typeof(JsonObject))]
sealed partial class AssistantJson : JsonSerializerContext;
