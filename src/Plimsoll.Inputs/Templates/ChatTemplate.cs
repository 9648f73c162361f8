using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// A model's chat template: the part of Jinja2 that chat templates use, rendered as Hugging Face's
/// transformers renders them. What is not part of it is refused by name when the template is read.
/// </summary>
public sealed class ChatTemplate
{
    readonly List<Statement> _statements;

    ChatTemplate(List<Statement> statements) => _statements = statements;

    /// <summary>Reads a template; throws <see cref="TemplateException"/> where it cannot be used.</summary>
    public static ChatTemplate Parse(string source)
    {
        if (source.Length > 1 << 20)
            throw new TemplateException("a chat template longer than a million characters");
        return new ChatTemplate(new TemplateParser(TemplateLexer.Read(source)).ReadAll());
    }

    /// <summary>
    /// The text that the template makes of these variables, among them <c>messages</c>, <c>tools</c>,
    /// <c>add_generation_prompt</c>, <c>bos_token</c> and <c>eos_token</c>.
    /// </summary>
    /// <param name="variables">A JSON object.</param>
    /// <param name="now">What <c>strftime_now</c> calls now.</param>
    public string Render(JsonElement variables, DateTime now)
    {
        var scope = new Scope(null, new Rendering(now));
        foreach (var property in variables.EnumerateObject())
            scope.Set(property.Name, PythonJson.Read(property.Value));
        Statement.All(_statements, scope);
        return scope.Rendering.Output.ToString();
    }
}
