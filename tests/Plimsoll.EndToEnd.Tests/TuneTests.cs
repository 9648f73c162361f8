using System.IO;
using System.Linq;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// The whole path of a task on the built-in model, by the real binary and the real trainer.
/// </summary>
public sealed class TuneTests
{
    [Fact]
    public void A_project_is_trained_judged_and_not_released_on_too_few_examples()
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
        applied.Output.ShouldContain("quality    undecided");
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
        var project = Path.Combine(folder.Path, "tune.yaml");
        File.WriteAllText(project, "task: x\ncolour: red\n");
        PlimsollProcess.Run("tune", "apply", project).ShouldBeRefused("tune.yaml:2", "colour");
        PlimsollProcess.Run("tune", "lineage", "abc", "--registry", registry)
            .ShouldBeRefused("expected a hash");
        PlimsollProcess.Run("tune", "promote", "x", "--registry", registry).ShouldBeRefused("x@candidate");
    }

    static string Line(string prompt, string completion) => $$"""{"prompt":"{{prompt}}","completion":"{{completion}}"}""";
}
