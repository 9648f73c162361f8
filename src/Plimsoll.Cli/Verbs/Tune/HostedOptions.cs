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
        "With --driver hosted: OpenAI-style endpoint, http://HOST:PORT; with kubeflow: the cluster's API, as "
            + "kubectl proxy gives it" };

    readonly Option<string?> _model = new("--endpoint-model") { Description = "Model that is tuned there" };

    readonly Option<string?> _key = new("--endpoint-key")
    {
        Description = "Its API key [default: OPENAI_API_KEY]",
    };

    readonly Option<string> _namespace = new("--namespace")
    {
        Description = "Of the cluster, where a TrainJob runs",
        DefaultValueFactory = _ => "default",
    };

    readonly Option<string?> _suffix = new("--suffix") { Description = "Of the tuned model's name there" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _endpoint, _model, _key, _namespace, _suffix })
            command.Add(option);
    }

    /// <summary>Runs a spec as a TrainJob where a cluster is named, and waits for its end.</summary>
    /// <returns>False where none is.</returns>
    public async Task<bool> InClusterAsync(ParseResult parsed, TrainingSpec spec, Action<string> story,
        CancellationToken cancellation)
    {
        if (Address(parsed) is not { } address)
            return false;
        var name = parsed.GetValue(_namespace)!;
        if (name.Length is 0 or > 63
            || name.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-"))
        {
            throw new BadInputException(
                $"--namespace {name}: expected lower-case letters, digits and dashes");
        }
        using var client = Client(address, parsed.GetValue(_key));
        await new KubeflowJob(client, name, story).RunAsync(spec, cancellation);
        return true;
    }

    Uri? Address(ParseResult parsed) => parsed.GetValue(_endpoint) is not { } text ? null
        : Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https"
            ? address
            : throw new BadInputException($"--endpoint {text}: expected http://HOST:PORT");

    static HttpClient Client(Uri address, string? key)
    {
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }

    /// <returns>The tuned model's name at the endpoint, which alone has its weights, and the run.</returns>
    public async Task<(string Model, string Run)> RunAsync(ParseResult parsed, TuneWorkspace workspace,
        string baseHash, string datasetHash, TrainingOptions options, Action<string> story,
        CancellationToken cancellation)
    {
        var address = Address(parsed)
            ?? throw new BadInputException("--driver hosted: expected --endpoint http://HOST:PORT");
        var model = parsed.GetValue(_model)
            ?? throw new BadInputException("--endpoint: expected --endpoint-model beside it");
        var train = workspace.Registry.Blobs.Find(
            workspace.Of(datasetHash, ManifestKind.Dataset).Blobs["train.jsonl"]);
        using var folder = workspace.OpenFolder(baseHash);
        var spec = workspace.Registry.Add(Manifest.Of(ManifestKind.Spec,
            JsonSerializer.SerializeToNode(HeldSpec.Of(workspace, options, folder, baseHash, datasetHash,
                initialAdapter: null), CanonicalJson.Options)!.AsObject(),
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
        using var client = Client(address,
            parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable("OPENAI_API_KEY"));
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
