using System.Text.Json.Serialization;

namespace Plimsoll.Server.Api;

sealed record VersionBody([property: JsonPropertyName("version")] string Version);

[JsonSerializable(typeof(VersionBody))]
sealed partial class VersionJson : JsonSerializerContext;
