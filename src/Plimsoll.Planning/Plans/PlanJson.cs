using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Plimsoll.Planning.Plans;

/// <summary>A plan as JSON of its published schema.</summary>
public static class PlanJson
{
    public static string Of(PlanDocument document) => JsonSerializer.Serialize(
        document, new PlanJsonContext(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }).PlanDocument) + "\n";
}

[JsonSerializable(typeof(PlanDocument))]
sealed partial class PlanJsonContext : JsonSerializerContext;
