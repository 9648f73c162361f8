using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class TrainerProcessTests
{
    /// <summary>Held for interactive requests it reads no end of input: only its parent's death reaches it.
    /// </summary>
    [Fact]
    public async Task A_trainer_that_stands_still_ends_with_whoever_started_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "of Linux only");
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var job = tiny.Job(tiny.Model(Architecture.Llama), tiny.Conversations(60), folder.In("orphan"),
            s => s with { Epochs = 1000 });
        var file = folder.Write("job.json", JsonSerializer.Serialize(job, CanonicalJson.Options));
        var start = new ProcessStartInfo("/bin/sh", ["-c",
            "exec 3<&0; \"$0\" train \"$1\" attached <&3 & echo $!; wait", TinyJob.Trainer.Binary, file])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var parent = Process.Start(start)!;
        var cancellation = TestContext.Current.CancellationToken;
        int? trainer = null;
        try
        {
            for (string? line; (line = await parent.StandardOutput.ReadLineAsync(cancellation)) is not null
                && !(trainer is not null && line.Contains("\"step\""));)
            {
                if (int.TryParse(line, CultureInfo.InvariantCulture, out var id))
                    trainer = id;
            }
            await SignalAsync("STOP", trainer!.Value);
            while (!File.ReadAllText($"/proc/{trainer}/stat").Contains(") T"))
                await Task.Delay(5, cancellation);
            parent.Kill();
            parent.StandardInput.Close();
            // It holds the other end of this pipe for as long as it lives.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromMinutes(1));
            await parent.StandardOutput.ReadToEndAsync(patience.Token);
        }
        finally
        {
            if (trainer is { } left && Directory.Exists($"/proc/{left}"))
                await SignalAsync("KILL", left);
        }
        Directory.Exists(folder.In("orphan")).ShouldBeFalse();
    }

    /// <summary>A thread's end is its children's parent's death, to Linux.</summary>
    [Fact]
    public async Task A_trainer_outlives_the_thread_that_asked_for_it()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var job = tiny.Job(tiny.Model(Architecture.Llama), tiny.Conversations(40), folder.In("adapter"),
            s => s with { Epochs = 20 });
        Task? running = null;
        var asks = new Thread(() => running = tiny.TrainAsync(job));
        asks.Start();
        asks.Join();
        await running!;
        Directory.Exists(folder.In("adapter")).ShouldBeTrue();
    }

    static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process}"]);
        await kill.WaitForExitAsync();
    }
}
