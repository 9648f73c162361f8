using System.Text.Json.Serialization;

namespace Plimsoll.Server.Rollout;

sealed record AdapterCall(
    [property: JsonPropertyName("lora_name")] string Name,
    [property: JsonPropertyName("lora_path")] string Path);

[JsonSerializable(typeof(AdapterCall))]
sealed partial class CallJson : JsonSerializerContext;
