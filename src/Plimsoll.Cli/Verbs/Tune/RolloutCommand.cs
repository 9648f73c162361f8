using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune rollout TASK</c>: a release's way into a running server's traffic. What the server
/// decides, the registry's names follow.
/// </summary>
sealed class RolloutCommand(TuneStage stage)
{
    static readonly TimeSpan _between = TimeSpan.FromMilliseconds(500);

    readonly Argument<string> _task = new("TASK")
    {
        Description = "Name of the task, which requests name as their model",
    };
    readonly Option<string> _registry = TuneStage.RegistryOption();
    readonly Option<string> _server = new("--server") { Description = "Address of plimsoll serve",
        DefaultValueFactory = _ => "http://127.0.0.1:8000" };
    readonly Option<string?> _key = new("--key") { Description = "Admin key [default: OPENAI_API_KEY]" };
    readonly Option<string> _model = new("--model")
    {
        Description = "Served model that the adapter is of",
        DefaultValueFactory = _ => TuneStage.DefaultBase,
    };
    readonly Option<string?> _release = new("--release")
    {
        Description = "Its hash [default: TASK@candidate]",
    };
    readonly Option<FileInfo?> _plan = new("--plan")
    {
        Description =
            "JSON of shares, shadow_requests, stage_requests, guards, labels, as POST /v1/rollouts takes it",
    };
    readonly Option<bool> _back = new("--back")
    {
        Description = "Take the task back to what answered before, at once",
    };
    readonly Option<string> _reason = new("--reason")
    {
        Description = "Kept in the history",
        DefaultValueFactory = _ => "by hand",
    };

    public Command Build()
    {
        var command = new Command("rollout", "Lets a release into a server's traffic: shadow, canary, all; "
            + "waits for how it ends.")
        {
            _task, _registry, _server, _key, _model, _release, _plan, _back, _reason,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var workspace = TuneStage.Open(parsed.GetValue(_registry)!);
        var task = parsed.GetValue(_task)!;
        using var client = Client(parsed);
        try
        {
            if (parsed.GetValue(_back))
                return await BackAsync(client, workspace, task, parsed.GetValue(_reason)!, cancellation);
            var release = workspace.Registry.Resolve(parsed.GetValue(_release) ?? $"{task}@candidate");
            var body = Body(parsed, workspace, task, release);
            var state = await CallAsync(client, HttpMethod.Post, "v1/rollouts", body, cancellation);
            Say(state);
            while ((string)state["stage"]! is "shadow" or "canary")
            {
                await Task.Delay(_between, cancellation);
                var before = (long)state["revision"]!;
                state = await CallAsync(client, HttpMethod.Get, $"v1/rollouts/{task}", null, cancellation);
                if ((long)state["revision"]! != before)
                    Say(state);
            }
            if ((string)state["stage"]! != "promoted")
                return CommandLine.Failed;
            new Releases(workspace).Promote(task, release, (string)state["reason"]!);
            return CommandLine.Done;
        }
        catch (HttpRequestException e)
        {
            throw new BadInputException(
                $"{client.BaseAddress}: {e.Message.TrimEnd('.')}; expected plimsoll serve");
        }
    }

    async Task<int> BackAsync(HttpClient client, TuneWorkspace workspace, string task, string reason,
        CancellationToken cancellation)
    {
        var state = await CallAsync(client, HttpMethod.Post, $"v1/rollouts/{task}/rollback",
            new JsonObject { ["reason"] = reason }, cancellation);
        Say(state);
        // The first release of a task has none before it to go back to: the base answers again.
        if (workspace.Registry.History($"{task}@production").Select(h => h.Hash).Distinct().Count() > 1)
            new Releases(workspace).RollBack(task, reason);
        return CommandLine.Done;
    }

    /// <summary>The adapter lies under its own hash, so that its path never holds another.</summary>
    JsonObject Body(ParseResult parsed, TuneWorkspace workspace, string task, string release)
    {
        var adapter = TuneStage.AdapterOf(workspace, release);
        var folder = Path.Combine(Path.GetFullPath(workspace.Folder), "served");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, adapter + ".gguf");
        using (var model = workspace.OpenFolder(workspace.SpecOf(adapter).Links["base"]))
            GgufExport.Adapter(model, workspace.FolderOf(adapter), adapter).Save(file);
        var body = Plan(parsed.GetValue(_plan));
        body["task"] = task;
        body["model"] = parsed.GetValue(_model);
        body["candidate"] = $"{task}-{adapter[..12]}";
        body["path"] = file;
        return body;
    }

    static JsonObject Plan(FileInfo? file)
    {
        if (file is null)
            return [];
        try
        {
            return JsonNode.Parse(File.ReadAllText(file.FullName)) as JsonObject
                ?? throw new BadInputException($"{file}: expected one JSON object");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BadInputException(
                $"{file}: {e.Message.Split(" Path:")[0].TrimEnd('.')}; expected a plan");
        }
    }

    HttpClient Client(ParseResult parsed)
    {
        var text = parsed.GetValue(_server)!;
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https"))
        {
            throw new BadInputException($"--server {text}: expected http://HOST:PORT");
        }
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        if ((parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable("OPENAI_API_KEY")) is { } key)
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return client;
    }

    static async Task<JsonObject> CallAsync(
        HttpClient client, HttpMethod method, string path, JsonObject? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var response = await client.SendAsync(request, cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        var answer = text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : [];
        return response.IsSuccessStatusCode ? answer : throw new BadInputException(
            $"{client.BaseAddress}{path}: {answer["error"]?["message"] ?? (int)response.StatusCode}");
    }

    // Seen as it happens, also where it is piped: a rollout takes as long as its traffic.
    void Say(JsonObject state)
    {
        stage.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"revision {state["revision"]}  {state["stage"],-11} {state["reason"]}"));
        stage.Output.Flush();
    }
}
