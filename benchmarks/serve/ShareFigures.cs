using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// What HTTP, metering and everything else that is no engine takes of one core while 2,000 tokens a second
/// stream to clients: the processor time of a whole server whose engine is simulated, scheduler and all.
/// </summary>
static class ShareFigures
{
    const double TokensPerSecond = 2000;
    const int OutputTokens = 128;
    const int PromptTokens = 256;
    const double MostShare = 0.05;

    /// <returns>0 when it is below the promised share.</returns>
    public static async Task<int> PrintAsync(TextWriter output, string binary, int seconds)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-share");
        try
        {
            using var server = await ServedProcess.StartAsync(
                binary, "--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--served-model-name", "sim",
                "--state", folder.FullName);
            await LoadAsync(server, seconds);
            var before = server.Cpu;
            var (tokens, elapsed) = await LoadAsync(server, seconds);
            var cpu = (server.Cpu - before).TotalSeconds;
            var share = cpu / elapsed * TokensPerSecond / (tokens / elapsed);
            output.WriteLine(FormattableString.Invariant(
                $"{tokens / elapsed:#,0} tokens/s in streams for {elapsed:0} s: {cpu:0.00} CPU-s, ")
                + FormattableString.Invariant(
                    $"{share:0.0 %} of one core at {TokensPerSecond:#,0} tokens/s, engine included"));
            return share < MostShare ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static async Task<(int Tokens, double Seconds)> LoadAsync(ServedProcess server, int seconds)
    {
        var clock = Stopwatch.StartNew();
        var requests = (int)(seconds * TokensPerSecond / OutputTokens);
        var streams = new Task<StreamedRequest>[requests];
        for (var i = 0; i < requests; i++)
        {
            var wait = TimeSpan.FromSeconds(i * OutputTokens / TokensPerSecond) - clock.Elapsed;
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait);
            streams[i] = StreamedRequest.SendAsync(server.Client, "sim", i, PromptTokens, OutputTokens);
        }
        var seen = await Task.WhenAll(streams);
        return (seen.Sum(one => one.Tokens), clock.Elapsed.TotalSeconds);
    }
}
