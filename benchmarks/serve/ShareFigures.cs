using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Engine;
using Plimsoll.Engine.Simulated;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Serving;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// What HTTP, metering and everything else that is no engine takes of one core while 2,000 tokens a second
/// stream to clients: the processor time of a whole server, less that of its engine alone under the same
/// requests in a process of its own.
/// </summary>
static class ShareFigures
{
    const double TokensPerSecond = 2000;
    const int OutputTokens = 128;
    const int PromptTokens = 256;
    const double MostShare = 0.05;

    /// <summary>Processor time that so many tokens took.</summary>
    readonly record struct Taken(double CpuSeconds, int Tokens, double Seconds)
    {
        /// <summary>Share of one core at the promised pace.</summary>
        public double Share => CpuSeconds * TokensPerSecond / Tokens;
    }

    /// <returns>0 when it is below the promised share.</returns>
    public static async Task<int> PrintAsync(TextWriter output, string binary, int seconds)
    {
        var whole = await ServedAsync(binary, seconds);
        var engine = await EngineInItsProcessAsync(seconds);
        Print(output, "whole server", whole);
        Print(output, "its engine alone", engine);
        var share = whole.Share - engine.Share;
        output.WriteLine(FormattableString.Invariant(
            $"HTTP, metering and the rest: {share:0.0 %} of one core at {TokensPerSecond:#,0} tokens/s"));
        return share < MostShare ? 0 : 1;
    }

    /// <summary>The engine under the requests that the server gets; prints what it took.</summary>
    public static async Task PrintEngineAsync(TextWriter output, int seconds)
    {
        var config = new ServeConfig();
        await using var engine = new SimulatedEngine(
            EngineFactory.Simulated("sim", new SimulatedConfig(), new Levels(config.Levels).Specs),
            TimeProvider.System);
        // A step's listener is the seam to everything that is measured elsewhere.
        engine.OnStep = static (in EngineStep _) => { };
        await LoadAsync(seconds, number => ReadAsync(engine, number));
        var before = Environment.CpuUsage.TotalTime;
        var (tokens, elapsed) = await LoadAsync(seconds, number => ReadAsync(engine, number));
        var cpu = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        output.WriteLine(FormattableString.Invariant($"{cpu} {tokens} {elapsed}"));
    }

    static void Print(TextWriter output, string what, Taken taken) =>
        output.WriteLine(FormattableString.Invariant(
            $"{what,-18} {taken.Tokens / taken.Seconds,6:#,0} tokens/s for {taken.Seconds:0} s: ")
            + FormattableString.Invariant($"{taken.CpuSeconds:0.00} CPU-s, {taken.Share:0.0 %} of one core"));

    static async Task<Taken> ServedAsync(string binary, int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-share");
        try
        {
            using var server = await ServedProcess.StartAsync(
                binary, "--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--served-model-name", "sim",
                "--state", folder.FullName);
            await LoadAsync(seconds, Stream);
            var before = server.Cpu;
            var (tokens, elapsed) = await LoadAsync(seconds, Stream);
            return new Taken((server.Cpu - before).TotalSeconds, tokens, elapsed);

            async Task<int> Stream(int number) => (await StreamedRequest.SendAsync(
                server.Client, "sim", number, PromptTokens, OutputTokens)).Tokens;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static async Task<Taken> EngineInItsProcessAsync(int seconds)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.ArgumentList.Add("engine");
        start.ArgumentList.Add(seconds.ToString(CultureInfo.InvariantCulture));
        using var process = Process.Start(start)!;
        var words = (await process.StandardOutput.ReadToEndAsync()).Split(' ');
        var culture = CultureInfo.InvariantCulture;
        return new Taken(
            double.Parse(words[0], culture), int.Parse(words[1], culture), double.Parse(words[2], culture));
    }

    static async Task<int> ReadAsync(SimulatedEngine engine, int number)
    {
        var random = new Random(number);
        var answer = engine.Submit(new EngineRequest
        {
            Prompt = Enumerable.Range(0, PromptTokens).Select(_ => random.Next(1, 30_000)).ToArray(),
            MaxOutputTokens = OutputTokens,
            IgnoreEos = true,
            Tenant = "t",
        });
        var tokens = 0;
        await foreach (var _ in answer.Tokens.ReadAllAsync())
            tokens++;
        return tokens;
    }

    static async Task<(int Tokens, double Seconds)> LoadAsync(int seconds, Func<int, Task<int>> ask)
    {
        var clock = Stopwatch.StartNew();
        var streams = new Task<int>[(int)(seconds * TokensPerSecond / OutputTokens)];
        for (var i = 0; i < streams.Length; i++)
        {
            var wait = TimeSpan.FromSeconds(i * OutputTokens / TokensPerSecond) - clock.Elapsed;
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait);
            streams[i] = ask(i);
        }
        return ((await Task.WhenAll(streams)).Sum(), clock.Elapsed.TotalSeconds);
    }
}
