using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// Texts end to end, each closed by the end-of-text token, cut into windows that share one token, so that
/// every token is predicted once. Conversations are rendered first.
/// </summary>
static class PretrainingWindows
{
    public static List<RenderedExample> Of(List<TrainingRecord> records, ModelFolder model, int length)
    {
        var end = model.Tokenizer.Find("<|endoftext|>")
            ?? throw new BadInputException($"{model.Path}: no <|endoftext|> token; "
                + "expected one between texts");
        var stream = new List<int>();
        foreach (var record in records)
        {
            if (record.IsPreference)
                throw new BadInputException("dataset: preference pairs; expected texts or conversations");
            stream.AddRange(record.Text is { } text
                ? model.Tokenizer.Encode(text, specials: false)
                : model.Tokenizer.Encode(model.Template.Render(
                    record.Messages, record.Tools, answerFollows: false), specials: true));
            stream.Add(end);
        }
        if (stream.Count < length)
        {
            throw new BadInputException($"dataset: {stream.Count} tokens; expected at "
                + $"least one window of {length}");
        }
        var windows = new List<RenderedExample>();
        for (var at = 0; at + length <= stream.Count; at += length - 1)
        {
            var learned = new bool[length];
            System.Array.Fill(learned, true);
            windows.Add(new RenderedExample([.. stream.GetRange(at, length)], learned));
        }
        return windows;
    }
}
