using System;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// A day's requests as fast as they are answered, whole and streamed: memory, open handles and files at ten
/// moments, which must not grow.
/// </summary>
static class SoakFigures
{
    const int Connections = 64;
    const int Moments = 10;

    /// <summary>Growth over the later half that counts as none.</summary>
    const double MostGrowth = 0.10;

    /// <returns>0 when nothing grew.</returns>
    public static async Task<int> PrintAsync(TextWriter output, string binary, int requests)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-soak");
        try
        {
            using var server = await ServedProcess.StartAsync(
                binary, "--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--served-model-name", "sim",
                "--state", folder.FullName);
            var memory = new long[Moments];
            var handles = new int[Moments];
            output.WriteLine("requests    memory MiB   heap MiB   gen2   handles   files   CPU s");
            for (var moment = 0; moment < Moments; moment++)
            {
                await LoadAsync(server.Client, requests / Moments);
                (memory[moment], handles[moment]) = (server.MemoryBytes, server.Handles);
                var files = Directory.GetFiles(folder.FullName, "*", SearchOption.AllDirectories).Length;
                var heap = await server.MetricAsync("dotnet_gc_last_collection_heap_size_bytes");
                var full = await server.MetricAsync("dotnet_gc_collections_total{generation=\"gen2\"}");
                output.WriteLine(FormattableString.Invariant(
                    $"{(moment + 1) * (requests / Moments),9:#,0} {memory[moment] >> 20,12:#,0} ")
                    + FormattableString.Invariant($"{heap / (1 << 20),10:0.0} {full,6:0} ")
                    + FormattableString.Invariant(
                        $"{handles[moment],9} {files,7} {server.Cpu.TotalSeconds,7:0}"));
            }
            var (half, last) = (Moments / 2, Moments - 1);
            var grew = memory[last] > (1 + MostGrowth) * memory[half] || handles[last] > handles[half] + 64;
            output.WriteLine(grew ? "it grows" : "no growth over the later half");
            return grew ? 1 : 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static async Task LoadAsync(HttpClient client, int requests)
    {
        var next = 0;
        var loops = new Task[Connections];
        for (var i = 0; i < loops.Length; i++)
        {
            loops[i] = Task.Run(async () =>
            {
                int number;
                while ((number = Interlocked.Increment(ref next)) <= requests)
                {
                    var stream = number % 4 == 0 ? "\"stream\":true," : "";
                    using var content = new StringContent(
                        $$"""{"model":"sim",{{stream}}"max_tokens":{{1 + (number % 7)}},"messages":[{"role":"user","content":"number {{number}}"}]}""",
                        Encoding.UTF8, "application/json");
                    using var response = await client.PostAsync("/v1/chat/completions", content);
                    response.EnsureSuccessStatusCode();
                    await response.Content.ReadAsByteArrayAsync();
                }
            });
        }
        await Task.WhenAll(loops);
    }
}
