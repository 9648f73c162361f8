using System.Linq;
using Plimsoll.Tuning;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class TuneProjectTests
{
    [Theory]
    [InlineData("set")]
    [InlineData("must_pass")]
    [InlineData("must-pass")]
    [InlineData("schema")]
    public void Files_of_an_evaluation_are_the_projects_wherever_the_command_runs(string key)
    {
        using var folder = new TemporaryFolder();
        var project = TuneProject.Read(folder.Write("tune.yaml", $$"""
            task: x
            dataset: { file: train.jsonl }
            evaluation: { set: a.json, {{key}}: a.json, margin: 0.03 }
            """.Replace("set: a.json, set: a.json", "set: a.json")));
        var evaluate = project.AfterTraining("hash").First();
        var option = System.Array.IndexOf(evaluate, "--" + key.Replace('_', '-'));
        evaluate[option + 1].ShouldBe(folder.In("a.json"));
        evaluate[System.Array.IndexOf(evaluate, "--margin") + 1].ShouldBe("0.03");
    }
}
