using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Inputs.Templates;
using Plimsoll.Tuning.Registry;
using Jinja = Plimsoll.Inputs.Templates.ChatTemplate;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Turns a conversation into the text that the model sees: at training, evaluation and serving by the same
/// template and the same interpreter.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>ChatML, as most small models are trained with.</summary>
    public const string ChatMl =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + "
            + "'<|im_end|>' + '\\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    // What templates print as today's date must not change a run's hash from one day to the next.
    static readonly DateTime _day = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    readonly Jinja _jinja;

    ChatTemplate(string source, Jinja jinja)
    {
        Source = source;
        _jinja = jinja;
    }

    /// <summary>Jinja, as it stands in a model's folder and in its GGUF.</summary>
    public string Source { get; }

    /// <summary>SHA-256 of the source.</summary>
    public string Hash => CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes(Source));

    /// <summary>What the template is told the sequence's first and last tokens are.</summary>
    public string BeginText { get; init; } = "";

    public string EndText { get; init; } = "";

    /// <exception cref="BadInputException">A template that uses more of Jinja than is known.</exception>
    public static ChatTemplate Of(string source)
    {
        try
        {
            return new ChatTemplate(source, Jinja.Parse(source));
        }
        catch (TemplateException e)
        {
            throw new BadInputException($"chat template: {e.Message}");
        }
    }

    /// <param name="answerFollows">Whether the text ends where the assistant's answer begins.</param>
    /// <exception cref="BadInputException">The template refuses such a conversation.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, JsonArray? tools, bool answerFollows)
    {
        var variables = new JsonObject
        {
            ["messages"] = RecordJson.Messages(messages),
            ["add_generation_prompt"] = answerFollows,
            ["bos_token"] = BeginText,
            ["eos_token"] = EndText,
        };
        if (tools is not null)
            variables["tools"] = tools.DeepClone();
        try
        {
            using var document = JsonSerializer.SerializeToDocument(variables);
            return _jinja.Render(document.RootElement, _day);
        }
        catch (TemplateException e)
        {
            throw new BadInputException($"chat template: {e.Message}");
        }
    }
}
