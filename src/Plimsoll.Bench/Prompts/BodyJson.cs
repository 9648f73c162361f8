using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Plimsoll.Bench.Prompts;

/// <summary>Serialises without reflection.</summary>
[JsonSerializable(typeof(JsonObject))]
sealed partial class BodyJson : JsonSerializerContext;
