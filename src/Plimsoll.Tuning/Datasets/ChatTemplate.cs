using System.Collections.Generic;
using System.Text;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Datasets;

/// <summary>Turns a conversation into the text that the model sees. The same at training, evaluation and serving.</summary>
public sealed class ChatTemplate
{
    /// <summary>ChatML, as most small models are trained with.</summary>
    public const string ChatMl =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    ChatTemplate(string source) => Source = source;

    /// <summary>Jinja, as it stands in a model's folder and in its GGUF.</summary>
    public string Source { get; }

    /// <summary>SHA-256 of the source.</summary>
    public string Hash => CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes(Source));

    /// <exception cref="BadInputException">A template that cannot be rendered here.</exception>
    public static ChatTemplate Of(string source) => source.TrimEnd('\n') == ChatMl
        ? new ChatTemplate(ChatMl)
        : throw new BadInputException("chat template: only ChatML can be rendered");

    /// <param name="answerFollows">Whether the text ends where the assistant's answer begins.</param>
    public string Render(IReadOnlyList<ChatMessage> messages, JsonArray? tools, bool answerFollows)
    {
        var text = new StringBuilder();
        foreach (var message in messages)
            text.Append("<|im_start|>").Append(message.Role).Append('\n').Append(message.Content).Append("<|im_end|>\n");
        if (answerFollows)
            text.Append("<|im_start|>assistant\n");
        return text.ToString();
    }
}
