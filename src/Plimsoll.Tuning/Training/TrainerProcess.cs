using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// The embedded trainer in a process of its own: it may be killed at any time, and half a gigabyte of
/// libtorch is loaded by whoever trains only.
/// </summary>
public sealed class TrainerProcess
{
    const string Name = "plimsoll-trainer";
    const string Project = "src/Plimsoll.Tuning.Trainer";

    readonly Func<bool>? _mustYield;

    public TrainerProcess(string binary) => Binary = binary;

    TrainerProcess(string binary, Func<bool> mustYield) : this(binary) => _mustYield = mustYield;

    /// <summary>The same trainer as preemptible work: it stands still while this says so.</summary>
    /// <param name="mustYield">Asked many times a second.</param>
    public TrainerProcess Yielding(Func<bool> mustYield) => new(Binary, mustYield);

    public string Binary { get; }

    /// <summary>Whether its process stands still for others now.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>
    /// Finds the trainer: <c>PLIMSOLL_TRAINER</c>, a folder <c>trainer</c> beside this binary, or a checkout
    /// around it, where it is built when it is missing.
    /// </summary>
    /// <param name="story">Told when it is being built, which takes a minute the first time.</param>
    /// <exception cref="BadInputException">None of these.</exception>
    public static TrainerProcess Locate(Action<string> story)
    {
        if (Environment.GetEnvironmentVariable("PLIMSOLL_TRAINER") is { Length: > 0 } named)
        {
            return File.Exists(named)
                ? new TrainerProcess(named)
                : throw new BadInputException($"PLIMSOLL_TRAINER={named}: no such file; "
                    + $"expected the {Name} binary");
        }
        var executable = OperatingSystem.IsWindows() ? Name + ".exe" : Name;
        var beside = Path.Combine(AppContext.BaseDirectory, "trainer", executable);
        if (File.Exists(beside))
            return new TrainerProcess(beside);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder =
            folder.Parent)
        {
            var project = Path.Combine(folder.FullName, Project);
            if (!Directory.Exists(project))
                continue;
            var built = Path.Combine(project, "bin", "Release", "net10.0", executable);
            TrainerBuild.Ensure(project, built, story);
            return new TrainerProcess(built);
        }
        throw new BadInputException("the embedded trainer is not here; expected PLIMSOLL_TRAINER=PATH of "
            + $"the {Name} binary, or a checkout");
    }

    /// <summary>Trains to the end; every event as it comes.</summary>
    /// <exception cref="BadInputException">What the trainer refuses, in its words.</exception>
    public async Task TrainAsync(string jobFile, Action<TrainerEvent> progress,
        CancellationToken cancellation)
    {
        await RunAsync("train", jobFile, line =>
        {
            if (TrainerEvent.Read(line) is { } e)
                progress(e);
        }, cancellation).ConfigureAwait(false);
    }

    /// <summary>Greedy answers, in the order of the prompts.</summary>
    public Task GenerateAsync(string jobFile, Action<GreedyAnswer> answer, CancellationToken cancellation) =>
        RunAsync("generate", jobFile, line => answer(GreedyAnswer.Read(line)), cancellation);

    async Task RunAsync(string verb, string jobFile, Action<string> line, CancellationToken cancellation)
    {
        // It ends with this process, however that ends: its standard input does.
        var start = new ProcessStartInfo(Binary, [verb, jobFile, "attached"]) { RedirectStandardInput = true,
            RedirectStandardOutput = true, RedirectStandardError = true };
        // One heap that is never given back: a step's large tensors come and go, and to fault their pages in
        // again each time costs a quarter of it. No thread spins while it waits for another.
        start.Environment["MALLOC_ARENA_MAX"] = "1";
        start.Environment["MALLOC_MMAP_MAX_"] = "0";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "68719476736";
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var process = await StartAsync(start, gone.Task).ConfigureAwait(false);
        using var stop = cancellation.Register(() => Kill(process));
        using var ended = new CancellationTokenSource();
        var held = _mustYield is null ? Task.CompletedTask
            : new ProcessHold(process, _mustYield, now => IsHeld = now).WatchAsync(ended.Token);
        var story = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(CancellationToken.None).ConfigureAwait(false)
                is { } text)
            {
                line(text);
            }
        }
        catch
        {
            // Whoever was told does not want what comes of it.
            Kill(process);
            throw;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await held.ConfigureAwait(false);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            gone.SetResult();
        }
        cancellation.ThrowIfCancellationRequested();
        var said = (await story.ConfigureAwait(false)).Trim();
        if (process.ExitCode == 2)
            throw new BadInputException(said);
        if (process.ExitCode != 0)
            throw new BadInputException($"the trainer ended with code {process.ExitCode}: {LastLine(said)}");
    }

    // By a thread that stays as long as the process does: Linux takes a thread's end for its parent's, and a
    // trainer is killed with its parent.
    static Task<Process> StartAsync(ProcessStartInfo start, Task gone)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
                gone.Wait();
            }
            catch (Exception e)
            {
                started.TrySetException(e);
            }
        }) { IsBackground = true, Name = "trainer" }.Start();
        return started.Task;
    }

    static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    static string LastLine(string text) => text.Length == 0 ? "it said nothing"
        : text[(text.LastIndexOf('\n') + 1)..];
}
