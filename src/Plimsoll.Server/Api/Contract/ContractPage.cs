using System.Linq;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Server.Api.Contract;

/// <summary>
/// The description as a page that is read without a script and without anything from elsewhere.
/// </summary>
static class ContractPage
{
    const string Head = """
        <!doctype html><html lang="en"><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1"><title>plimsoll serve: API</title>
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 60rem;
          color: #1c2733; background: #fff }
        h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
        code, .path { font: 14px/1.4 ui-monospace, monospace }
        details { border-top: 1px solid #d7dde3; padding: .4rem 0 } summary { cursor: pointer }
        .verb { display: inline-block; min-width: 4rem; font-weight: 600; color: #17608f }
        .says { color: #4a5a68; margin-left: .5rem } .who { color: #8a5a00; font-size: .85rem }
        table { border-collapse: collapse; margin: .5rem 0; width: 100% }
        td { vertical-align: top; padding: .15rem .75rem .15rem 0; border-bottom: 1px solid #eef1f4 }
        h3 { font-size: .95rem; margin: .75rem 0 0 }
        @media (prefers-color-scheme: dark) {
          body { background: #10171e; color: #dbe4ec } .says { color: #9fb0bf } .verb { color: #7cc0ea }
          .who { color: #e0b060 } details, td { border-color: #2a3742 } }
        </style>
        """;

    public static string Write(string version)
    {
        using var schemas = OpenApiDocument.Schemas();
        var page = new StringBuilder(Head);
        page.Append($"<h1>plimsoll serve {version}</h1>\n<p>OpenAI's API with a promise per level ")
            .Append("and dollars per request. For programs: ")
            .Append("<a href=\"openapi.json\">openapi.json</a>.</p>\n");
        foreach (var tag in Operations.All.GroupBy(operation => operation.Tag))
        {
            page.Append($"<h2>{tag.Key}</h2>\n");
            foreach (var operation in tag)
                Append(page, operation, schemas.RootElement);
        }
        return page.Append("</html>\n").ToString();
    }

    static void Append(StringBuilder page, Operation operation, JsonElement schemas)
    {
        page.Append($"<details><summary><span class=\"verb\">{operation.Method}</span>")
            .Append($"<span class=\"path\">{operation.Template}</span>")
            .Append($"<span class=\"says\">{WebUtility.HtmlEncode(operation.Summary)}</span>");
        if (operation.Caller != Caller.Tenant)
        {
            var who = operation.Caller == Caller.Admin ? "admin" : "no key";
            page.Append($" <span class=\"who\">{who}</span>");
        }
        page.Append("</summary>\n");
        if (operation.Request is { } request)
            AppendTable(page, "Request", schemas.GetProperty(request));
        if (operation.Answer is { } answer)
            AppendTable(page, "Answer", schemas.GetProperty(answer));
        else if (operation.AnswerType is { } type)
            page.Append($"<p>Answers <code>{type}</code>.</p>\n");
        if (operation.Event is { } one && one != operation.Answer)
            AppendTable(page, "Each event of a stream", schemas.GetProperty(one));
        page.Append("</details>\n");
    }

    static void AppendTable(StringBuilder page, string title, JsonElement schema)
    {
        page.Append($"<h3>{title}</h3>\n");
        if (!schema.TryGetProperty("properties", out var properties))
        {
            page.Append($"<p>{Says(schema)}</p>\n");
            return;
        }
        var required = schema.TryGetProperty("required", out var names)
            ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
        page.Append("<table>\n");
        foreach (var property in properties.EnumerateObject())
        {
            var name = required.Contains(property.Name) ? $"<b>{property.Name}</b>" : property.Name;
            page.Append($"<tr><td><code>{name}</code></td><td><code>{TypeOf(property.Value)}</code></td>")
                .Append($"<td>{Says(property.Value)}</td></tr>\n");
        }
        page.Append("</table>\n");
    }

    static string Says(JsonElement schema) => schema.TryGetProperty("description", out var says)
        ? WebUtility.HtmlEncode(says.GetString()!) : Range(schema);

    static string Range(JsonElement schema)
    {
        var from = schema.TryGetProperty("minimum", out var least) ? least.GetRawText() : null;
        var to = schema.TryGetProperty("maximum", out var most) ? most.GetRawText() : null;
        return (from, to) switch
        {
            (null, null) => "",
            (_, null) => $"at least {from}",
            (null, _) => $"at most {to}",
            _ => $"{from} to {to}",
        };
    }

    static string TypeOf(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            return reference.GetString()![(reference.GetString()!.LastIndexOf('/') + 1)..];
        if (schema.TryGetProperty("const", out var constant))
            return WebUtility.HtmlEncode(constant.GetRawText());
        if (schema.TryGetProperty("enum", out var choices))
        {
            var values = choices.EnumerateArray().Select(choice => choice.GetRawText());
            return WebUtility.HtmlEncode(string.Join(" | ", values));
        }
        if (schema.TryGetProperty("anyOf", out var any))
            return string.Join(" | ", any.EnumerateArray().Select(TypeOf));
        if (!schema.TryGetProperty("type", out var type))
            return "any";
        var name = type.ValueKind == JsonValueKind.Array
            ? string.Join(" | ", type.EnumerateArray().Select(one => one.GetString())) : type.GetString()!;
        return name == "array" && schema.TryGetProperty("items", out var items) ? $"{TypeOf(items)}[]" : name;
    }
}
