using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.EndToEnd.Tests.Serve;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Evaluation;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// The whole path of a task on the built-in model, by the real binary and the real trainer.
/// </summary>
public sealed class TuneTests
{
    [Fact]
    public async Task A_project_is_trained_judged_and_not_released_on_too_few_examples()
    {
        using var folder = new TemporaryFolder();
        var (train, test) = (Path.Combine(folder.Path, "train.jsonl"),
            Path.Combine(folder.Path, "test.jsonl"));
        File.WriteAllLines(train, Enumerable.Range(0, 40).Select(i => Line("is the load of ship "
            + $"{i * 7} too heavy", "yes")));
        File.WriteAllLines(test, Enumerable.Range(0, 6).Select(i => Line($"may vessel {i} of "
            + $"{i * 31} tons leave now", "yes")));
        var project = Path.Combine(folder.Path, "tune.yaml");
        File.WriteAllText(project, """
            task: harbour
            dataset:
              file: train.jsonl
              near_duplicates: 0
              evaluation: test=test.jsonl
            training:
              rank: 4
              most_steps: 3
            evaluation:
              set: test.jsonl
              parity_prompts: 6
            """);
        var applied = PlimsollProcess.Run("tune", "apply", project);
        applied.ExitCode.ShouldBe(1, applied.Story);
        applied.Output.ShouldMatch("quality +undecided");
        applied.Story.ShouldContain("1,546 examples are needed to judge quality, 6 are there");
        var adapter = applied.Output.Split('\n').Single(l => l.StartsWith("adapter ")).Split(' ')[1];
        var registry = Path.Combine(folder.Path, "plimsoll-registry");
        PlimsollProcess.Run("tune", "lineage", adapter[..12], "--registry", registry)
            .Output.ShouldContain("record ");
        PlimsollProcess.Run("tune", "reproduce", adapter, "--registry", registry)
            .Output.ShouldContain("byte for byte");
        var release = PlimsollProcess.Run("tune", "release", adapter, "--task", "harbour", "--registry",
            registry);
        release.ExitCode.ShouldBe(1);
        release.Output.ShouldStartWith("not released: ");
        PlimsollProcess.Run("tune", "report", adapter, "--labels-usd", "1", "--registry", registry)
            .ShouldBeRefused("saving has not been judged");
        var dataset = applied.Output.Split('\n').Single(l => l.StartsWith("dataset ")).Split(' ')[1];
        PlimsollProcess.Run("tune", "run", "--dataset", dataset, "--from", adapter, "--driver", "trl",
            "--registry", registry).ShouldBeRefused("--from", "expected --driver embedded");
        PlimsollProcess.Run("tune", "rollout", "harbour", "--release", adapter, "--server",
            "http://127.0.0.1:1", "--registry", registry).ShouldBeRefused("expected plimsoll serve");
        await RollsOut(registry, adapter);
        KeepsDrafts(folder.Path, registry, adapter);
    }

    /// <summary>A release has its drafts measured on traffic; a draft model is made and weighed.</summary>
    static void KeepsDrafts(string folder, string registry, string adapter)
    {
        var traffic = Path.Combine(folder, "captured.jsonl");
        File.WriteAllLines(traffic, Enumerable.Range(0, 12).Select(i => $$$"""{"tenant":"t","request":{"model":"m","messages":[{"role":"user","content":"where does ship {{{i}}} lie"}]},"response":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"x"}}]}}"""));
        var released = PlimsollProcess.Run("tune", "release", adapter, "--task", "quay", "--traffic", traffic,
            "--registry", registry);
        released.ExitCode.ShouldBe(0, released.Story);
        released.Output.ShouldContain("drafts n-gram: ");
        released.Output.ShouldContain("drafts suffix: ");
        PlimsollProcess.Run("tune", "draft", "quay@candidate", "--layers", "6", "--traffic", traffic,
            "--registry", registry).ShouldBeRefused("draft of 6 layers: expected 1 to 5");
        var draft = PlimsollProcess.Run("tune", "draft", "quay@candidate", "--traffic", traffic, "--epochs",
            "1", "--model", "Llama-3.1-8B", "--requests", "200", "--registry", registry);
        draft.ExitCode.ShouldBeInRange(0, 1, draft.Story);
        draft.Output.ShouldContain("drafts model ");
        draft.Output.ShouldContain(" spent once");
        var hash = draft.Output.Split('\n')[0].Split(' ')[1];
        var lineage = PlimsollProcess.Run("tune", "lineage", hash, "--registry", registry).Output;
        lineage.ShouldContain("  model: adapter ");
        lineage.ShouldContain("  release: release ");
        var file = Path.Combine(folder, "draft.gguf");
        PlimsollProcess.Run("tune", "export", hash, "--out", file, "--registry", registry)
            .ExitCode.ShouldBe(0);
        File.Exists(file).ShouldBeTrue();
        PlimsollProcess.Run("tune", "draft", hash, "--registry", registry)
            .ShouldBeRefused("expected release");
    }

    /// <summary>A release, into the traffic of a running server and out of it; names follow.</summary>
    static async Task RollsOut(string registry, string adapter)
    {
        string release;
        using (var workspace = new TuneWorkspace(registry, TimeProvider.System))
        {
            var releases = new Releases(workspace);
            releases.AddEvaluation(adapter, "more examples", "Q8_0", [],
                [new("parity", GateVerdict.Passed, "", []), new("quality", GateVerdict.Passed, "", [])]);
            release = releases.Release(adapter, "harbour", out var refusal).ShouldNotBeNull(refusal);
        }
        var plan = Path.Combine(registry, "plan.json");
        File.WriteAllText(plan, """
            {"shares":[5000,10000],"shadow_requests":3,"stage_requests":3,
             "guards":[{"metric":"errors","margin":0.6}]}
            """);
        await using var server = await RunningServer.StartAsync(c => c.Registry = registry);
        (await LiveAsync(server)).ShouldContain("Tuning registry");
        var address = server.Address.ToString();
        var command = Task.Run(() => PlimsollProcess.Run("tune", "rollout", "harbour", "--model", "sim",
            "--server", address, "--plan", plan, "--registry", registry));
        for (var i = 0; !command.IsCompleted; i++)
        {
            var body = $$"""{"model":"harbour","user":"u{{i}}","max_tokens":2,"prompt":"may she sail"}""";
            if ((await server.PostAsync("/v1/completions", body)).Status == 404)
                await Task.Delay(100);
        }
        var done = await command;
        done.ExitCode.ShouldBe(0, done.Output + done.Story);
        done.Output.ShouldContain("promoted: every guard is kept");
        PlimsollProcess.Run("tune", "rollout", "harbour", "--back", "--server", address, "--registry",
            registry).Output.ShouldContain("rolled_back");
        using var after = new TuneWorkspace(registry, TimeProvider.System);
        after.Registry.Resolve("harbour@production").ShouldBe(release);
    }

    /// <summary>The live page's first event.</summary>
    static async Task<string> LiveAsync(RunningServer server)
    {
        using var reader = new StreamReader(await server.Client.GetStreamAsync("/live"));
        await reader.ReadLineAsync();
        return (await reader.ReadLineAsync())!;
    }

    [Fact]
    public void Bad_input_is_one_line()
    {
        using var folder = new TemporaryFolder();
        var registry = Path.Combine(folder.Path, "registry");
        var bad = Path.Combine(folder.Path, "bad.jsonl");
        File.WriteAllText(bad, Line("a", "b")
            + "\n{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"}]}\n");
        PlimsollProcess.Run("tune", "dataset", bad, "--registry", registry)
            .ShouldBeRefused("bad.jsonl:2: ", "out of order");
        PlimsollProcess.Run("tune", "list", "--registry", registry).ShouldBeRefused("no registry");
        Directory.Exists(registry).ShouldBeFalse();
        new TuneWorkspace(registry, TimeProvider.System).Dispose();
        var project = Path.Combine(folder.Path, "tune.yaml");
        File.WriteAllText(project, "task: x\ncolour: red\n");
        PlimsollProcess.Run("tune", "apply", project).ShouldBeRefused("tune.yaml:2", "colour");
        File.WriteAllText(project, "task: x\ndataset: { file: bad.jsonl }\ntraining: { ran: 4 }\n");
        PlimsollProcess.Run("tune", "apply", project).ShouldBeRefused("tune.yaml: ", "--ran");
        File.WriteAllText(project, "task: x\ndataset:\n  file: bad.jsonl\n  seed: 1,5\n");
        PlimsollProcess.Run("tune", "apply", project)
            .ShouldBeRefused("tune.yaml: ", "a whole number of at least 0");
        PlimsollProcess.Run("tune", "lineage", "abc", "--registry", registry)
            .ShouldBeRefused("expected a hash");
        PlimsollProcess.Run("tune", "promote", "x", "--registry", registry).ShouldBeRefused("x@candidate");
    }

    static string Line(string prompt, string completion) => $$"""{"prompt":"{{prompt}}","completion":"{{completion}}"}""";
}
