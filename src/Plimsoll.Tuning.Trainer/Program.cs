using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// <c>plimsoll-trainer train JOB.json</c> prints progress, <c>generate JOB.json</c> answers, one JSON value a
/// line. Exit code 2 is bad input, with one line on stderr. With <c>attached</c> behind the job it ends where
/// its standard input does, so that nothing goes on training for somebody who is gone; on Linux it is killed
/// with its parent, which reaches it where it was stopped too.
/// </summary>
static class Program
{
    // Of Linux: PR_SET_PDEATHSIG, SIGKILL.
    const int DeathSignal = 1;
    const nuint Kill = 9;

    static int Main(string[] arguments)
    {
        try
        {
            if (arguments is [.., "attached"])
            {
                arguments = arguments[..^1];
                new Thread(EndWithInput) { IsBackground = true }.Start();
                if (OperatingSystem.IsLinux())
                    _ = prctl(DeathSignal, Kill);
            }
            if (arguments is ["train", var job])
                Train(TrainerJob.Read(job));
            else if (arguments is ["generate", var prompts])
                Generate(Read(prompts));
            else
                throw new BadInputException("usage: plimsoll-trainer train|generate JOB.json [attached]");
            return 0;
        }
        catch (BadInputException bad)
        {
            Console.Error.WriteLine(bad.Message);
            return 2;
        }
    }

    static void EndWithInput()
    {
        using var input = Console.OpenStandardInput();
        while (input.ReadByte() >= 0)
        {
            // Nothing is said there; only its end counts.
        }
        // At once: what is computing asks nobody.
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    static void Train(TrainerJob job)
    {
        using var run = new TrainingRun(job, e => Console.Out.WriteLine(e.Write()));
        run.Run();
    }

    static void Generate(GenerateJob job)
    {
        TorchSharp.torch.set_num_threads(job.Threads);
        using var model = ModelFolder.Open(job.BaseFolder);
        var lora = job.AdapterFolder is { } adapter ? LoraWeights.Load(adapter, model.Config) : null;
        var prompts = File.ReadLines(job.PromptsFile).Select(l => JsonSerializer.Deserialize<int[]>(l)!)
            .ToList();
        var longest = prompts.Max(p => p.Length) + job.MostTokens;
        if (prompts.Any(p => p.Length == 0) || longest > model.Config.ContextTokens)
        {
            throw new BadInputException($"prompts: up to {longest} tokens with the answer; expected 1 to "
                + $"{model.Config.ContextTokens}");
        }
        var decoder = new Decoder(model.Config, Weights.Load(model), lora, Precision.F32, longest);
        foreach (var answer in new Answers(decoder, model.Config.Layers, model.Config.EndTokens)
            .Of(prompts, job.MostTokens))
        {
            Console.Out.WriteLine(answer.Write());
        }
    }

    static GenerateJob Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<GenerateJob>(File.ReadAllText(path), CanonicalJson.Options)!;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a generate job");
        }
    }

    [DllImport("libc")]
    static extern int prctl(int option, nuint value);
}
