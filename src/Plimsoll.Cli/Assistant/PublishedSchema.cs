using System.Text.Json;

namespace Plimsoll.Cli.Assistant;

/// <summary>The schemas of <c>docs/reference</c>, which travel inside the binary.</summary>
static class PublishedSchema
{
    /// <summary>What a verb's <c>--json</c> follows; null where none is published.</summary>
    public static JsonElement? Of(string verb)
    {
        using var stream =
            typeof(PublishedSchema).Assembly.GetManifestResourceStream($"schemas/{verb}.schema.json");
        if (stream is null)
            return null;
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
