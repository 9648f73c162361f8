using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Tuning.Tokenization;

namespace Plimsoll.Tuning.Datasets;

/// <summary>Tokens, and which of them are learned: the answer's, and the one that ends it.</summary>
public sealed record RenderedExample(int[] Tokens, bool[] Learned)
{
    public int LearnedCount => Learned.Count(l => l);
}

/// <summary>
/// A record through template and tokenizer. The loss mask needs no marks in the template: what the template
/// adds when an assistant's turn is appended to the text that asks for it is that turn.
/// </summary>
public sealed class Renderer(ChatTemplate template, ByteLevelBpe tokenizer, IReadOnlyList<int> ends)
{
    /// <summary>The tokens that a server sees before it answers.</summary>
    public int[] Prompt(IReadOnlyList<ChatMessage> messages, JsonArray? tools)
    {
        RefuseSpecials(messages);
        return [.. tokenizer.Encode(template.Render(messages, tools, answerFollows: true), specials: true)];
    }

    /// <exception cref="BadInputException">A turn writes a special token, or the template
    /// takes turns back.</exception>
    public RenderedExample Example(TrainingRecord record)
    {
        var messages = record.Messages;
        RefuseSpecials(messages);
        var tokens = new List<int>();
        var learned = new List<bool>();
        var rendered = "";
        for (var i = 0; i < messages.Count; i++)
        {
            if (messages[i].Role != "assistant")
                continue;
            var before = template.Render([.. messages.Take(i)], record.Tools, answerFollows: true);
            var after = template.Render([.. messages.Take(i + 1)], record.Tools, answerFollows: false);
            if (!before.StartsWith(rendered, StringComparison.Ordinal)
                || !after.StartsWith(before, StringComparison.Ordinal))
            {
                throw new BadInputException("chat template: it changes earlier turns when one is added; no "
                    + "loss mask can be given");
            }
            Append(tokens, learned, before[rendered.Length..], learn: false);
            Append(tokens, learned, after[before.Length..], messages[i].IsTrained);
            rendered = after;
        }
        return new RenderedExample([.. tokens], [.. learned]);
    }

    // Learned are the answer and its end; what the template writes after the end is not the model's to say.
    void Append(List<int> tokens, List<bool> learned, string text, bool learn)
    {
        foreach (var token in tokenizer.Encode(text, specials: true))
        {
            tokens.Add(token);
            learned.Add(learn);
            learn &= !ends.Contains(token);
        }
    }

    void RefuseSpecials(IReadOnlyList<ChatMessage> messages)
    {
        foreach (var message in messages)
        {
            foreach (var special in tokenizer.Specials)
            {
                if (message.Content.Contains(tokenizer.Tokens[special], StringComparison.Ordinal))
                {
                    throw new BadInputException($"a turn holds {tokenizer.Tokens[special]}, which ends "
                        + "turns; expected plain text");
                }
            }
        }
    }
}
