using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>Who labels the records anew, and at what price.</summary>
sealed class TeacherOptions
{
    readonly Option<string?> _address = new("--teacher") { Description =
        "Endpoint whose answers replace the records' own: http://HOST:PORT" };
    readonly Option<string?> _model = new("--teacher-model") { Description = "Model that is asked there" };
    readonly Option<string?> _price = new("--teacher-usd") { Description =
        "Its price, USD per million input,output tokens: 0.90,0.90; 0,0 where it costs nothing" };
    readonly Option<string?> _key = new("--teacher-key")
    {
        Description = "Its API key [default: OPENAI_API_KEY]",
    };
    readonly Option<int> _most = new("--teacher-most-tokens")
    {
        Description = "Of one answer",
        DefaultValueFactory = _ => 512,
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _address, _model, _price, _key, _most })
            command.Add(option);
    }

    /// <summary>The records with the teacher's answers. It is asked without personal data, unless those
    /// stay in.</summary>
    /// <returns>Null for the bill where no teacher is named.</returns>
    public async Task<(List<TrainingRecord> Records, JsonObject? Bill)> LabelAsync(
        ParseResult parsed, TuneWorkspace workspace, List<TrainingRecord> raw, bool redacts, TextWriter story,
        CancellationToken cancellation)
    {
        if (parsed.GetValue(_address) is not { } address)
            return (raw, null);
        if (!Uri.TryCreate(address.TrimEnd('/') + "/", UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https"))
        {
            throw new BadInputException($"--teacher {address}: expected http://HOST:PORT");
        }
        var model = parsed.GetValue(_model)
            ?? throw new BadInputException("--teacher: expected --teacher-model beside it");
        var price = Price(parsed.GetValue(_price));
        using var client = new HttpClient { BaseAddress = uri, Timeout = TimeSpan.FromMinutes(5) };
        if ((parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable("OPENAI_API_KEY")) is { } key)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        var name = CanonicalJson.HashOfBytes(Encoding.UTF8.GetBytes($"{uri}\0{model}"))[..16];
        var teacher = new Teacher(client, model, price, parsed.GetValue(_most),
            Path.Combine(workspace.Folder, "teachers", name + ".jsonl"));
        var redactor = new PiiRedactor();
        var asked = redacts ? raw.ConvertAll(r => r.With(redactor.Redact)) : raw;
        using var progress = new Terminal.ProgressLine(story, "labelling", raw.Count);
        var (labelled, bill) = await teacher.LabelAsync(asked, done => progress.Report(done), cancellation);
        progress.Clear();
        story.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"plimsoll: {bill.Labels:N0} labels of {model}, {bill.Bought:N0} of them asked for now: "
                + $"{bill.PromptTokens:N0} + {bill.OutputTokens:N0} tokens, ${bill.Usd:0.0000}"));
        // Marks become what they stand for again, so that the dataset numbers its own.
        string Whole(string text) => PiiRedactor.Restore(text, redactor.Values);
        return ([.. raw.Zip(labelled, (r, l) => r with
        {
            Messages = [.. r.Messages.SkipLast(1),
                l.Messages[^1] with { Content = Whole(l.Messages[^1].Content) }],
        })], new JsonObject
        {
            ["endpoint"] = uri.Host,
            ["model"] = model,
            ["labels"] = bill.Labels,
            ["prompt_tokens"] = bill.PromptTokens,
            ["output_tokens"] = bill.OutputTokens,
            ["usd"] = bill.Usd,
        });
    }

    static (double Input, double Output) Price(string? text) =>
        text?.Split(',') is [var input, var output] && Usd(input) is { } i && Usd(output) is { } o ? (i, o)
            : throw new BadInputException(
                $"--teacher-usd {text ?? "missing"}: expected INPUT,OUTPUT of at least 0, as 0.90,0.90");

    static double? Usd(string text) => double.TryParse(
        text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and < 1e6
            ? value : null;
}
