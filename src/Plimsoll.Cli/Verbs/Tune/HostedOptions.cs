using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Net.Http;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;
using Plimsoll.Tuning.Training.Drivers;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>Where a spec is trained by somebody else's fine-tuning API.</summary>
sealed class HostedOptions
{
    public const string Driver = "hosted";

    readonly Option<string?> _endpoint = new("--endpoint") { Description =
        "With --driver hosted: OpenAI-style endpoint, http://HOST:PORT" };

    readonly Option<string?> _model = new("--endpoint-model") { Description = "Model that is tuned there" };

    readonly Option<string?> _key = new("--endpoint-key")
    {
        Description = "Its API key [default: OPENAI_API_KEY]",
    };

    readonly Option<string?> _suffix = new("--suffix") { Description = "Of the tuned model's name there" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _endpoint, _model, _key, _suffix })
            command.Add(option);
    }

    /// <returns>The tuned model's name at the endpoint, which alone has its weights, and the run.</returns>
    public async Task<(string Model, string Run)> RunAsync(ParseResult parsed, TuneWorkspace workspace,
        string baseHash, string datasetHash, TrainingOptions options, Action<string> story,
        CancellationToken cancellation)
    {
        var text = parsed.GetValue(_endpoint)
            ?? throw new BadInputException("--driver hosted: expected --endpoint http://HOST:PORT");
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https"))
        {
            throw new BadInputException($"--endpoint {text}: expected http://HOST:PORT");
        }
        var model = parsed.GetValue(_model)
            ?? throw new BadInputException("--endpoint: expected --endpoint-model beside it");
        var train = workspace.Registry.Blobs.Find(
            workspace.Of(datasetHash, ManifestKind.Dataset).Blobs["train.jsonl"]);
        using var folder = workspace.OpenFolder(baseHash);
        var spec = workspace.Registry.Add(Manifest.Of(ManifestKind.Spec,
            JsonSerializer.SerializeToNode(options.SpecFor(folder, train, null), CanonicalJson.Options)!
                .AsObject(),
            new Dictionary<string, string> { ["base"] = baseHash, ["dataset"] = datasetHash }));
        foreach (var before in workspace.Registry.Users(spec, "spec"))
        {
            var facts = workspace.Registry.Get(before).Facts;
            if ((string?)facts["engine"] == Driver && (string?)facts["endpoint"] == address.Authority
                && (string?)facts["endpoint_model"] == model)
            {
                story("this spec was trained there before; its model is returned");
                return ((string)facts["model"]!, before);
            }
        }
        using var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
        if ((parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable("OPENAI_API_KEY")) is { } key)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        var result = await new HostedJob(client, story).RunAsync(
            options, train, model, parsed.GetValue(_suffix), cancellation);
        var run = workspace.Registry.Add(Manifest.Of(ManifestKind.Run, new JsonObject
        {
            ["engine"] = Driver,
            ["endpoint"] = address.Authority,
            ["endpoint_model"] = model,
            ["job"] = result.Job,
            ["model"] = result.Model,
            ["tokens"] = result.TrainedTokens,
        }, new Dictionary<string, string> { ["spec"] = spec }));
        return (result.Model, run);
    }
}
