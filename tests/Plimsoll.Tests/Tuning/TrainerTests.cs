using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class TrainerTests
{
    [Fact]
    public async Task A_lora_learns_its_task_and_two_runs_are_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var data = tiny.Conversations(60);
        // On two threads; A_killed_run_resumes_to_the_same_bytes is on one.
        var events = await tiny.TrainAsync(
            tiny.Job(model, data, folder.In("a"), s => s with { Threads = 2 }));
        await tiny.TrainAsync(tiny.Job(model, data, folder.In("b"), s => s with { Threads = 2 }));
        Adapter(folder.In("a")).ShouldBe(Adapter(folder.In("b")));
        var losses = events.Where(e => e.Kind == "step").Select(e => e.Loss!.Value).ToList();
        losses[^1].ShouldBeLessThan(losses[0] - 0.5);
        events[^1].Kind.ShouldBe("done");
        Directory.Exists(folder.In("a-checkpoints")).ShouldBeTrue();
        Directory.GetFiles(folder.In("a-checkpoints")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_run_resumes_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Qwen3);
        var data = tiny.Conversations(60);
        await tiny.TrainAsync(tiny.Job(model, data, folder.In("whole"), s => s));
        using var kill = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => tiny.KillableAsync(
            tiny.Job(model, data, folder.In("killed"), s => s), kill.Token, e =>
            {
                if (e.Step == 8 && e.Kind == "step")
                    kill.Cancel();
            }));
        Directory.Exists(folder.In("killed")).ShouldBeFalse();
        var events = await tiny.TrainAsync(tiny.Job(model, data, folder.In("killed"), s => s));
        events[0].Kind.ShouldBe("resumed");
        events[0].Step.ShouldBeGreaterThanOrEqualTo(6);
        Adapter(folder.In("killed")).ShouldBe(Adapter(folder.In("whole")));
    }

    [Fact]
    public async Task A_run_that_yields_stands_still_and_ends_in_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var data = tiny.Conversations(40);
        TrainerJob Job(string name) => tiny.Job(model, data, folder.In(name), s => s with { Epochs = 20 });
        await tiny.TrainAsync(Job("alone"));
        var busy = false;
        var trainer = TinyJob.Trainer.Yielding(() => Volatile.Read(ref busy));
        var file = folder.Write("job.json", JsonSerializer.Serialize(Job("beside"), CanonicalJson.Options));
        var running = trainer.TrainAsync(file, e =>
        {
            if (e.Kind == "started")
                Volatile.Write(ref busy, true);
        }, TestContext.Current.CancellationToken);
        while (!trainer.IsHeld)
        {
            running.IsCompleted.ShouldBeFalse("it ran to its end beside others");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
        Directory.Exists(folder.In("beside")).ShouldBeFalse();
        Volatile.Write(ref busy, false);
        await running;
        trainer.IsHeld.ShouldBeFalse();
        Adapter(folder.In("beside")).ShouldBe(Adapter(folder.In("alone")));
    }

    [Fact]
    public async Task Nothing_is_trained_on_what_the_spec_does_not_name()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var data = tiny.Conversations(8);
        async Task Refused(Func<TrainingSpec, TrainingSpec> change, string expected)
        {
            var bad = await Should.ThrowAsync<BadInputException>(
                () => tiny.TrainAsync(tiny.Job(model, data, folder.In("x"), change)));
            bad.Message.ShouldContain(expected);
            bad.Message.ShouldNotContain("\n");
            Directory.Exists(folder.In("x")).ShouldBeFalse();
        }
        await Refused(s => s with { BaseHash = new string('0', 64) }, "the base's weights hash to");
        await Refused(s => s with { DatasetHash = "0" }, "the dataset hash to");
        await Refused(s => s with { TemplateHash = "0" }, "the chat template hash to");
        await Refused(s => s with { SequenceTokens = 16, BatchTokens = 64 },
            "expected at most sequence_tokens 16");
        await Refused(s => s with { SequenceTokens = 512 }, "the model's context of 256");
        await Refused(s => s with { Lora = s.Lora! with { Targets = ["lm_head"] } }, "lora target lm_head");
    }

    [Fact]
    public async Task Preferences_move_the_answer()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Qwen2);
        var line = """{"input":{"messages":[{"role":"user","content":"is it QQ tons"}]},"preferred_output":[{"role":"assistant","content":"salt"}],"non_preferred_output":[{"role":"assistant","content":"hull"}]}""";
        var data = folder.Write("pairs.jsonl",
            string.Concat(Enumerable.Range(0, 24).Select(i => line.Replace("QQ", $"{i}") + "\n")));
        var events = await tiny.TrainAsync(tiny.Job(
            model, data, folder.In("dpo"), s => s with { Method = TrainingMethod.Dpo, Epochs = 4 }));
        var losses = events.Where(e => e.Kind == "step").Select(e => e.Loss!.Value).ToList();
        losses[0].ShouldBe(Math.Log(2), 1e-4);
        losses[^1].ShouldBeLessThan(0.6);
    }

    [Fact]
    public async Task A_checkpoint_that_cannot_be_written_is_one_line()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var job = tiny.Job(model, tiny.Conversations(60), folder.In("full"), s =>
            s) with { CheckpointFolder = "/dev/full/x" };
        var bad = await Should.ThrowAsync<BadInputException>(() => tiny.TrainAsync(job));
        bad.Message.ShouldContain("checkpoint cannot be written");
        Directory.Exists(folder.In("full")).ShouldBeFalse();
    }

    [Fact]
    public async Task A_disk_that_is_full_in_the_middle_of_a_checkpoint_costs_the_steps_since_the_one_before()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "no device here that is always full");
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var data = tiny.Conversations(60);
        await tiny.TrainAsync(tiny.Job(model, data, folder.In("whole"), s => s));
        var job = tiny.Job(model, data, folder.In("full"), s => s);
        Directory.CreateDirectory(job.CheckpointFolder);
        // The second checkpoint is written onto a device without space.
        var second = Path.Combine(job.CheckpointFolder, "checkpoint-000000006.safetensors.partial");
        File.CreateSymbolicLink(second, "/dev/full");
        var bad = await Should.ThrowAsync<BadInputException>(() => tiny.TrainAsync(job));
        bad.Message.ShouldContain("checkpoint cannot be written (No space left on device");
        bad.Message.ShouldContain("the one before is kept");
        bad.Message.ShouldNotContain("\n");
        Directory.Exists(folder.In("full")).ShouldBeFalse();
        Directory.GetFiles(job.CheckpointFolder).Select(Path.GetFileName)
            .ShouldBe(["checkpoint-000000003.safetensors"]);
        var events = await tiny.TrainAsync(job);
        events[0].Kind.ShouldBe("resumed");
        events[0].Step.ShouldBe(3);
        Adapter(folder.In("full")).ShouldBe(Adapter(folder.In("whole")));
    }

    static byte[] Adapter(string folder) => File.ReadAllBytes(Path.Combine(folder, PeftAdapter.WeightsFile));
}
