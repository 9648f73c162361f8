using System.CommandLine;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// <c>plimsoll serve</c>: OpenAI's API before a simulated engine or a fleet. Thin, and careful: nothing of
/// the server is loaded before the verb runs.
/// </summary>
sealed class ServeVerb(TextWriter output, TextWriter story)
{
    readonly Option<FileInfo?> _config =
        new("--config") { Description = "YAML configuration; replaces the other options" };

    readonly LlamaServing _llama = new();

    readonly Option<string?> _model = new("--model")
    {
        Description = "GGUF file to compute, or model to pretend to serve [default: a placeholder]",
    };

    readonly Option<string> _gpu = new("--gpu")
    {
        Description = "Accelerator of the catalogue",
        DefaultValueFactory = _ => Usual.Accelerator,
    };

    readonly Option<int> _tp =
        new("--tp") { Description = "Tensor parallel degree", DefaultValueFactory = _ => 1 };
    readonly Option<int> _replicas =
        new("--replicas") { Description = "Engine ranks", DefaultValueFactory = _ => 1 };
    readonly Option<string?> _name =
        new("--served-model-name") { Description = "Name that requests use [default: the model's]" };
    readonly Option<string?> _profile =
        new("--profile") { Description = "Step times as `plimsoll calibrate` fitted them" };
    readonly Option<string> _policy =
        new("--policy")
        {
            Description = $"Scheduling policy: {SchedulingPolicy.All}",
            DefaultValueFactory = _ => SchedulingPolicy.VllmV1.Name,
        };
    readonly Option<int?> _maxNumSeqs = new("--max-num-seqs") { Description = "Most sequences in one step" };
    readonly Option<int?> _maxTokens =
        new("--max-num-batched-tokens") { Description = "Most new tokens in one step" };
    readonly Option<int?> _blocks = new("--num-gpu-blocks") { Description = "KV blocks of one engine rank" };
    readonly Option<string> _host =
        new("--host") { Description = "Address to listen on", DefaultValueFactory = _ => "127.0.0.1" };
    readonly Option<int> _port =
        new("--port") { Description = "Port to listen on; 0 for any", DefaultValueFactory = _ => 8000 };
    readonly Option<string> _state =
        new("--state") { Description = "Folder of files, batches and ledger", DefaultValueFactory = _ =>
            "plimsoll-state" };
    readonly Option<string> _ledger =
        new("--ledger") { Description =
            "sqlite, or postgres://user:password@host/database", DefaultValueFactory = _ => "sqlite" };
    readonly Option<string?> _log =
        new("--decision-log") { Description = "Record what the scheduler saw, for `plimsoll replay`" };
    readonly Option<string?> _newKey =
        new("--new-key") { Description =
            "Print a new API key for a tenant, and its entry for the configuration" };

    readonly Option<string?> _emit = new("--emit")
    {
        Description = "Print the objects that serve --config in a cluster instead: kubernetes",
    };

    readonly Option<string> _image = new("--image")
    {
        Description = "Container image that --emit names",
        DefaultValueFactory = _ => $"plimsoll:{CommandLine.Version}",
    };

    public Command Build()
    {
        var command =
            new Command("serve", "OpenAI's API before a simulated engine or a fleet, every token metered.");
        foreach (var option in new Option[]
        {
            _config, _model, _gpu, _tp, _replicas, _name, _profile, _policy, _maxNumSeqs, _maxTokens, _blocks,
            _host, _port, _state, _ledger, _log, _newKey, _emit, _image,
        })
        {
            command.Add(option);
        }
        foreach (var option in _llama.All)
            command.Add(option);
        _policy.OneOf(SchedulingPolicy.All);
        _emit.AcceptOnlyFromAmong("kubernetes");
        _model.Suggest(Suggestions.Models);
        _gpu.Suggest(Suggestions.Accelerators);
        command.SetAction(Run);
        return command;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_newKey) is { } tenant)
            return NewKey(tenant);
        if (parsed.GetValue(_emit) is not null)
            return Emit(parsed);
        return RunAsync(parsed).GetAwaiter().GetResult();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int NewKey(string tenant)
    {
        var (key, id, hash) = Server.Configuration.KeyHash.Create();
        output.WriteLine(key);
        story.WriteLine("The key is shown once. Its entry under keys: in the configuration:");
        story.WriteLine($"  - tenant: {tenant}\n    id: {id}\n    hash: {hash}");
        return CommandLine.Done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int Emit(ParseResult parsed)
    {
        var file = parsed.GetValue(_config)?.FullName
            ?? throw new BadInputException("--emit: no configuration; expected --config FILE");
        var config = Server.Configuration.ConfigFile.Read(file);
        output.Write(Server.Cluster.KubernetesManifest.Write(
            File.ReadAllText(file), config,
            new Server.Cluster.KubernetesOptions(parsed.GetValue(_image)!), file));
        return CommandLine.Done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    async Task<int> RunAsync(ParseResult parsed)
    {
        var file = parsed.GetValue(_config)?.FullName;
        var config = file is null ? FromOptions(parsed) : Server.Configuration.ConfigFile.Read(file);
        using var stop = new CancellationTokenSource();
        Server.ServeHost? started = null;
        // From the start: a hang-up would end a server that is still loading its model.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            if (Volatile.Read(ref started) is { } serving)
                Reload(serving, file);
        });
        await using var host =
            await Server.ServeHost.StartAsync(config, System.TimeProvider.System, CommandLine.Version, story);
        Volatile.Write(ref started, host);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        await host.RunAsync(stop.Token);
        story.WriteLine("plimsoll: stopped");
        return CommandLine.Done;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>A hang-up reads the configuration again; one that is wrong changes nothing.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Reload(Server.ServeHost host, string? file)
    {
        if (file is null)
            return;
        try
        {
            story.WriteLine(host.Reload(Server.Configuration.ConfigFile.Read(file))
                ? "plimsoll: keys, limits and levels are read again"
                : "plimsoll: keys, limits and levels are read again; the rest changes at the next start");
        }
        catch (BadInputException e)
        {
            story.WriteLine($"plimsoll: the configuration stays as it was: {e.Message}");
        }
    }

    Server.Configuration.ServeConfig FromOptions(ParseResult parsed)
    {
        var port = parsed.GetValue(_port);
        if (port is < 0 or > 65535)
            throw new BadInputException($"--port {port}: expected 0 to 65535");
        return new Server.Configuration.ServeConfig
        {
            Listen = [$"http://{parsed.GetValue(_host)}:{port}"],
            State = parsed.GetValue(_state)!,
            Ledger = parsed.GetValue(_ledger)!,
            DecisionLog = parsed.GetValue(_log),
            Models = [Model(parsed)],
        };
    }

    /// <summary>
    /// A file is computed, a name is pretended; with neither named, a placeholder is computed.
    /// </summary>
    Server.Configuration.ModelConfig Model(ParseResult parsed)
    {
        var model = parsed.GetValue(_model);
        var name = parsed.GetValue(_name);
        var isPretended =
            parsed.GetResult(_gpu) is { Implicit: false } || parsed.GetValue(_profile) is not null;
        if (model is null ? !isPretended : LlamaServing.IsFile(model))
        {
            parsed.RefuseGiven(
                ": means nothing to a model that is computed; expected without it", _tp, _replicas, _blocks);
            name ??= model is null ? "placeholder" : Path.GetFileNameWithoutExtension(model);
            return _llama.Of(
                parsed, name, model, parsed.GetValue(_policy)!, parsed.GetValue(_maxNumSeqs),
                parsed.GetValue(_maxTokens));
        }
        parsed.RefuseGiven(": means nothing to a simulated model; expected without it", [.. _llama.All]);
        model ??= Usual.SmallModel;
        return new Server.Configuration.ModelConfig
        {
            Name = name ?? model,
            Simulated = new Server.Configuration.SimulatedConfig
            {
                Model = model,
                Gpu = parsed.GetValue(_gpu)!,
                Tp = parsed.GetValue(_tp),
                Replicas = parsed.GetValue(_replicas),
                Profile = parsed.GetValue(_profile),
                Policy = parsed.GetValue(_policy)!,
                MaxNumSeqs = parsed.GetValue(_maxNumSeqs),
                MaxNumBatchedTokens = parsed.GetValue(_maxTokens),
                NumGpuBlocks = parsed.GetValue(_blocks),
            },
        };
    }
}
