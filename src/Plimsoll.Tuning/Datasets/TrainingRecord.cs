using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// One turn. Whether an assistant's turn is learned from is <see cref="Weight"/>, 0 or 1, as OpenAI has it.
/// </summary>
public sealed record ChatMessage(string Role, string Content, JsonArray? ToolCalls = null,
    string? ToolCallId = null, int? Weight = null)
{
    public bool IsTrained => Role == "assistant" && Weight is null or 1;
}

/// <summary>
/// One example: a conversation that ends with the assistant, or a conversation with a chosen and a rejected
/// answer, or, for pre-training, a plain text.
/// </summary>
public sealed record TrainingRecord
{
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];
    public JsonArray? Tools { get; init; }
    public ChatMessage? Chosen { get; init; }
    public ChatMessage? Rejected { get; init; }
    public string? Text { get; init; }

    /// <summary>
    /// Records of one group never lie on both sides of a split: a user, a conversation, a document.
    /// </summary>
    public string? Group { get; init; }

    public bool IsPreference => Chosen is not null;

    /// <summary>All of its text, turn by turn.</summary>
    public IEnumerable<string> Texts()
    {
        if (Text is not null)
            yield return Text;
        foreach (var message in Messages)
            yield return message.Content;
        if (Chosen is not null)
            yield return Chosen.Content;
        if (Rejected is not null)
            yield return Rejected.Content;
    }

    /// <summary>What a model would say: itself, or the chosen and the rejected conversation.</summary>
    public IEnumerable<TrainingRecord> Conversations() => IsPreference
        ? [new() { Messages = [.. Messages, Chosen!], Tools = Tools },
            new() { Messages = [.. Messages, Rejected!], Tools = Tools }]
        : [this];

    /// <summary>Itself with every text put through <paramref name="change"/>.</summary>
    public TrainingRecord With(Func<string, string> change)
    {
        var messages = new List<ChatMessage>(Messages.Count);
        foreach (var message in Messages)
            messages.Add(message with { Content = change(message.Content) });
        return this with
        {
            Messages = messages,
            Text = Text is null ? null : change(Text),
            Chosen = Chosen is null ? null : Chosen with { Content = change(Chosen.Content) },
            Rejected = Rejected is null ? null : Rejected with { Content = change(Rejected.Content) },
        };
    }
}
