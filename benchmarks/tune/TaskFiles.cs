using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// An intent task as a team has it: labelled records of its history, questions that are still to come, a
/// test that nobody trains on, and how a candidate is let into traffic.
/// </summary>
static class TaskFiles
{
    static readonly JsonSerializerOptions _plain =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    const double RequestsPerSecond = 20;

    /// <param name="modelFolder">Whose tokens the trace counts.</param>
    public static void Write(IntentSet set, string folder, string modelFolder)
    {
        Directory.CreateDirectory(folder);
        var order = DrawnOrder.Of(seed: 14, purpose: 0, set.Train.Count).Select(i => set.Train[i]).ToList();
        var half = order.Count / 2;
        Lines(folder, "history.jsonl", order.Take(half).Select(Record));
        Lines(folder, "labelled.jsonl", order.Concat(set.Validation).Select(Record));
        Lines(folder, "test.jsonl", set.Test.Select(Record));
        Lines(folder, "questions.txt", order.Skip(half).Select(u => u.Text.ReplaceLineEndings(" ")));
        Lines(folder, "trace.csv", Trace(order.Skip(half), modelFolder));
        File.WriteAllText(Path.Combine(folder, "plan.json"), JsonSerializer.Serialize(new
        {
            shares = new[] { 2000, 5000, 10_000 },
            shadow_requests = 200,
            stage_requests = 200,
            guards = new object[]
            {
                new { metric = "errors", margin = 0.05 },
                new { metric = "invalid", margin = 0.05 },
            },
            labels = set.Test.Select(u => u.Intent).Distinct().Order(StringComparer.Ordinal),
        }, _plain));
        Console.WriteLine($"{folder}: {half:N0} records of history, {order.Count - half:N0} questions, "
            + $"{order.Count + set.Validation.Count:N0} labelled in all, {set.Test.Count:N0} to test on");
    }

    // Poisson arrivals; lengths are the questions' own.
    static IEnumerable<string> Trace(IEnumerable<Utterance> asked, string modelFolder)
    {
        using var model = ModelFolder.Open(modelFolder);
        var draws = new RandomStream(seed: 14, purpose: 0x7ace);
        var seconds = 0.0;
        yield return "time,input,output";
        foreach (var u in asked)
        {
            seconds -= Math.Log(1 - draws.NextDouble()) / RequestsPerSecond;
            var prompt = model.Renderer.Prompt([new ChatMessage("user", u.Text)], null).Length;
            var answer = model.Tokenizer.Encode(u.Intent, specials: false).Count + 1;
            yield return FormattableString.Invariant($"{seconds:F3},{prompt},{answer}");
        }
    }

    static string Record(Utterance u) =>
        JsonSerializer.Serialize(new { prompt = u.Text, completion = u.Intent }, _plain);

    static void Lines(string folder, string name, IEnumerable<string> lines) =>
        File.WriteAllLines(Path.Combine(folder, name), lines);
}
