using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Plimsoll.Server.Api.Contract;

/// <summary>The operations and their schemas as an OpenAPI 3.1 document.</summary>
public static partial class OpenApiDocument
{
    static readonly (string Name, string Says)[] _servingHeaders =
    [
        ("x-slo-ttft-ms", "Promise for this request: time to its first token, milliseconds."),
        ("x-slo-tpot-ms", "Promise for this request: longest gap between tokens, milliseconds."),
        ("x-session-id", "Keeps a conversation on the replica that has its prefix."),
    ];

    static readonly (string Status, string Says)[] _failures =
    [
        ("400", "Something in the request is wrong; param names it."),
        ("401", "The key is missing or wrong."),
        ("403", "The key may not do that; it needs admin."),
        ("404", "There is no such thing, or it is another tenant's."),
        ("408", "The body did not arrive in time."),
        ("409", "Its state does not allow it: a file that a batch reads, a batch or a job that is over."),
        ("413", "The body, or the file, is larger than the server takes."),
        ("429", "Too much at once, a rate limit, a budget, or a promise that cannot be kept; retry-after "
            + "says when to come again."),
        ("500", "A fault here or in the engine."),
        ("502", "What an upstream answered is no answer."),
        ("503", "No replica answers, or the server drains."),
        ("504", "An upstream did not answer in time; it is not asked again."),
    ];

    /// <summary>Schemas by name, as the document has them.</summary>
    public static JsonDocument Schemas()
    {
        var assembly = typeof(OpenApiDocument).Assembly;
        using var stream = assembly.GetManifestResourceStream("contract/schemas.json")!;
        return JsonDocument.Parse(stream);
    }

    public static byte[] Write(string version)
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions
        {
            Indented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var json = new Utf8JsonWriter(stream, options))
        {
            json.WriteStartObject();
            json.WriteString("openapi", "3.1.0");
            json.WriteStartObject("info");
            json.WriteString("title", "plimsoll serve");
            json.WriteString("version", version);
            json.WriteString("description", "OpenAI's API with a promise per level and dollars per request.");
            json.WriteEndObject();
            WritePaths(json);
            WriteComponents(json);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    static void WritePaths(Utf8JsonWriter json)
    {
        json.WriteStartObject("paths");
        foreach (var path in Operations.All.GroupBy(operation => operation.Template))
        {
            json.WriteStartObject(path.Key);
            foreach (var operation in path)
                WriteOperation(json, operation);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    static void WriteOperation(Utf8JsonWriter json, Operation operation)
    {
        json.WriteStartObject(operation.Method.ToLowerInvariant());
        json.WriteString("operationId", IdOf(operation));
        json.WriteStartArray("tags");
        json.WriteStringValue(operation.Tag);
        json.WriteEndArray();
        json.WriteString("summary", operation.Summary);
        WriteParameters(json, operation);
        if (operation.Request is { } request)
        {
            json.WriteStartObject("requestBody");
            json.WriteBoolean("required", request != "RollBack");
            WriteContent(json, operation.IsForm ? "multipart/form-data" : "application/json", request);
            json.WriteEndObject();
        }
        WriteAnswers(json, operation);
        json.WriteStartArray("security");
        if (operation.Caller != Caller.Anybody)
        {
            json.WriteStartObject();
            json.WriteStartArray(operation.Caller == Caller.Admin ? "adminKey" : "key");
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A name for generated clients: <c>post_v1_chat_completions</c>.</summary>
    static string IdOf(Operation operation) =>
        NoWord().Replace($"{operation.Method.ToLowerInvariant()}_{operation.Template}", "_").TrimEnd('_');

    static void WriteParameters(Utf8JsonWriter json, Operation operation)
    {
        json.WriteStartArray("parameters");
        foreach (Match match in Parameter().Matches(operation.Template))
            WriteParameter(json, match.Groups[1].Value, "path", null, "string");
        if (operation.IsPaged)
        {
            WriteParameter(json, "limit", "query", "Entries at most.", "integer");
            WriteParameter(json, "after", "query", "Id of the last entry that is known.", "string");
        }
        if (operation.IsServing)
        {
            foreach (var (name, says) in _servingHeaders)
                WriteParameter(json, name, "header", says, name.EndsWith("-ms") ? "number" : "string");
        }
        json.WriteEndArray();
    }

    static void WriteParameter(Utf8JsonWriter json, string name, string place, string? says, string type)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("in", place);
        if (place == "path")
            json.WriteBoolean("required", true);
        if (says is not null)
            json.WriteString("description", says);
        json.WriteStartObject("schema");
        json.WriteString("type", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteAnswers(Utf8JsonWriter json, Operation operation)
    {
        json.WriteStartObject("responses");
        json.WriteStartObject("200");
        json.WriteString("description", "Done.");
        if (operation.Answer is not null || operation.AnswerType is not null)
        {
            json.WriteStartObject("content");
            WriteMedia(json, operation.AnswerType ?? "application/json", operation.Answer);
            if (operation.Event is { } one)
                WriteMedia(json, "text/event-stream", one);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        foreach (var (status, says) in operation.Caller == Caller.Anybody ? [] : _failures)
        {
            if (!Fails(operation, status))
                continue;
            json.WriteStartObject(status);
            json.WriteString("description", says);
            WriteContent(json, "application/json", "Error");
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    static bool Fails(Operation operation, string status) => status switch
    {
        "403" => operation.Caller == Caller.Admin,
        "409" => operation.Conflicts,
        "408" or "413" => operation.Request is not null,
        "502" or "504" => operation.IsServing,
        _ => true,
    };

    static void WriteContent(Utf8JsonWriter json, string type, string schema)
    {
        json.WriteStartObject("content");
        WriteMedia(json, type, schema);
        json.WriteEndObject();
    }

    static void WriteMedia(Utf8JsonWriter json, string type, string? schema)
    {
        json.WriteStartObject(type);
        json.WriteStartObject("schema");
        if (schema is null)
            json.WriteString("type", "string");
        else
            json.WriteString("$ref", $"#/components/schemas/{schema}");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void WriteComponents(Utf8JsonWriter json)
    {
        json.WriteStartObject("components");
        json.WritePropertyName("schemas");
        using (var schemas = Schemas())
            schemas.WriteTo(json);
        json.WriteStartObject("securitySchemes");
        foreach (var (name, says) in new Dictionary<string, string>
        {
            ["key"] = "A tenant's key: `plimsoll serve --new-key TENANT`.",
            ["adminKey"] = "A key with `admin: true`.",
        })
        {
            json.WriteStartObject(name);
            json.WriteString("type", "http");
            json.WriteString("scheme", "bearer");
            json.WriteString("description", says);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\W+")]
    private static partial Regex NoWord();
}
