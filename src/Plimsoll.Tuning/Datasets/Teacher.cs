using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Datasets;

/// <summary>What labelling took; a label that was bought before was paid for and counts.</summary>
/// <param name="Bought">Asked of the teacher now.</param>
public sealed record TeacherBill(int Labels, int Bought, long PromptTokens, long OutputTokens, double Usd);

/// <summary>
/// Has records' last answers written anew by a larger model, at any endpoint that speaks OpenAI's API. Every
/// answer is kept as it comes, so that a run that fails does not pay twice.
/// </summary>
/// <param name="client">With the endpoint's address, ending in a slash, and its key.</param>
/// <param name="usdPerMillion">Prices of input and output tokens.</param>
/// <param name="keptIn">File of answers so far.</param>
public sealed class Teacher(
    HttpClient client, string model, (double Input, double Output) usdPerMillion, int mostTokens,
    string keptIn)
{
    const int AtOnce = 8;
    const int Attempts = 4;

    sealed record Answer(string Asked, string Text, long PromptTokens, long OutputTokens);

    readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.Ordinal);
    readonly Lock _file = new();

    /// <param name="progress">Told how many are answered.</param>
    /// <exception cref="BadInputException">The endpoint refuses, or answers with nothing whole.</exception>
    public async Task<(List<TrainingRecord> Records, TeacherBill Bill)> LabelAsync(
        IReadOnlyList<TrainingRecord> records, Action<int> progress, CancellationToken cancellation)
    {
        if (records.Any(r => r.IsPreference || r.Text is not null || r.Messages.Count < 2))
            throw new BadInputException($"{Setting.Teacher}", "", "conversations that end with an answer");
        Remember();
        var bodies = records.Select(Body).ToList();
        var keys = bodies.ConvertAll(
            b => CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes(b.ToJsonString())));
        var open = keys.Zip(bodies).DistinctBy(p => p.First).Where(p => !_answers.ContainsKey(p.First))
            .ToList();
        var done = 0;
        await Parallel.ForEachAsync(open,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (asked, _) =>
            {
                // One that fails stops those to come; what is on its way is paid for, and kept.
                Keep(await AskAsync(asked.First, asked.Second, cancellation).ConfigureAwait(false));
                progress(Interlocked.Increment(ref done));
            }).ConfigureAwait(false);
        var used = keys.Distinct().Select(k => _answers[k]).ToList();
        var (prompt, output) = (used.Sum(a => a.PromptTokens), used.Sum(a => a.OutputTokens));
        var usd = (prompt * usdPerMillion.Input + output * usdPerMillion.Output) / 1e6;
        return ([.. records.Zip(keys, (r, key) => r with
        {
            Messages = [.. r.Messages.SkipLast(1), r.Messages[^1] with { Content = _answers[key].Text }],
        })], new TeacherBill(used.Count, open.Count, prompt, output, usd));
    }

    JsonObject Body(TrainingRecord record)
    {
        var whole = JsonNode.Parse(RecordJson.Of(record))!.AsObject();
        var messages = whole["messages"]!.AsArray();
        messages.RemoveAt(messages.Count - 1);
        // What is learned of is the trainer's business.
        foreach (var message in messages)
            message!.AsObject().Remove("weight");
        var body = new JsonObject
        {
            ["model"] = model,
            ["messages"] = messages.DeepClone(),
            ["temperature"] = 0,
            ["max_tokens"] = mostTokens,
        };
        if (whole["tools"] is { } tools)
            body["tools"] = tools.DeepClone();
        return body;
    }

    async Task<Answer> AskAsync(string key, JsonObject body, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            string fault;
            try
            {
                using var response = await client.PostAsync(
                    "v1/chat/completions", JsonContent.Create(body), cancellation).ConfigureAwait(false);
                var text = await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                    return Read(key, text);
                fault = $"{(int)response.StatusCode} {Short(text)}";
                if ((int)response.StatusCode is not (429 or >= 500))
                    attempt = Attempts;
            }
            catch (HttpRequestException e)
            {
                fault = e.Message.TrimEnd('.');
            }
            if (attempt >= Attempts)
            {
                throw new BadInputException($"{client.BaseAddress}: {fault}; expected an answer. "
                    + $"{_answers.Count} answers are kept and not asked for again");
            }
            await Task.Delay(TimeSpan.FromSeconds(0.25 * (1 << attempt)), cancellation).ConfigureAwait(false);
        }
    }

    Answer Read(string key, string text)
    {
        try
        {
            var answer = JsonNode.Parse(text)!;
            var choice = answer["choices"]![0]!;
            var said = (string?)choice["message"]!["content"];
            if ((string?)choice["finish_reason"] != "stop" || string.IsNullOrWhiteSpace(said))
            {
                throw new BadInputException(
                    $"{client.BaseAddress}", $"an answer ends by {choice["finish_reason"]}",
                    $"a whole one, or more of {Setting.TeacherMostTokens}");
            }
            return new Answer(key, said, (long)answer["usage"]!["prompt_tokens"]!,
                (long)answer["usage"]!["completion_tokens"]!);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException
            or ArgumentOutOfRangeException or FormatException)
        {
            throw new BadInputException(
                $"{client.BaseAddress}: {Short(text)}; expected a chat completion with its usage");
        }
    }

    void Remember()
    {
        if (!File.Exists(keptIn))
            return;
        foreach (var line in File.ReadLines(keptIn))
        {
            try
            {
                if (JsonSerializer.Deserialize<Answer>(line, CanonicalJson.Options) is { } answer)
                    _answers[answer.Asked] = answer;
            }
            catch (JsonException)
            {
                // The last line of a run that was killed; it is asked for again.
            }
        }
    }

    void Keep(Answer answer)
    {
        lock (_file)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(keptIn)!);
            File.AppendAllText(keptIn, JsonSerializer.Serialize(answer, CanonicalJson.Options) + "\n");
            _answers[answer.Asked] = answer;
        }
    }

    static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length > 200 ? line[..200] + " ..." : line.Length == 0 ? "nothing" : line;
    }
}
