using System;
using System.IO;
using System.Linq;
using Plimsoll.Tuning;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class TuneProjectTests
{
    [Fact]
    public void Files_are_the_projects_wherever_the_command_runs()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.In("model"));
        var project = TuneProject.Read(folder.Write("tune.yaml", """
            task: x
            base: model
            dataset: { file: train.jsonl, evaluation: test=test.jsonl, html: page.html }
            training: { driver: trl, out: files }
            evaluation: { set: a.json, must_pass: b.json, schema: c.json, margin: 0.03 }
            """));
        var dataset = project.DatasetArguments();
        dataset[1].ShouldBe(folder.In("train.jsonl"));
        After(dataset, "--evaluation").ShouldBe("test=" + folder.In("test.jsonl"));
        After(dataset, "--html").ShouldBe(folder.In("page.html"));
        After(dataset, "--base").ShouldBe(folder.In("model"));
        After(dataset, "--registry").ShouldBe(folder.In("plimsoll-registry"));
        var run = project.RunArguments("hash");
        After(run, "--base").ShouldBe(folder.In("model"));
        After(run, "--driver").ShouldBe("trl");
        After(run, "--out").ShouldBe(folder.In("files"));
        var evaluate = project.AfterTraining("hash").First();
        After(evaluate, "--set").ShouldBe(folder.In("a.json"));
        After(evaluate, "--must-pass").ShouldBe(folder.In("b.json"));
        After(evaluate, "--schema").ShouldBe(folder.In("c.json"));
        After(evaluate, "--margin").ShouldBe("0.03");
        project.Everything().Count().ShouldBe(4);
    }

    [Fact]
    public void A_base_that_is_no_file_of_the_project_is_a_name()
    {
        using var folder = new TemporaryFolder();
        var project = TuneProject.Read(
            folder.Write("tune.yaml", "task: x\ndataset: { file: train.jsonl }\n"));
        folder.Write("plimsoll", "a script of this name");
        After(project.RunArguments("hash"), "--base").ShouldBe("plimsoll");
        project.AfterTraining("hash").ShouldBeEmpty();
    }

    static string After(string[] arguments, string option) => arguments[Array.IndexOf(arguments, option) + 1];
}
