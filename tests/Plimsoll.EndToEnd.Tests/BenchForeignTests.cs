using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.EndToEnd.Tests.Serve;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// An endpoint that is not ours: llama.cpp's own server, with the placeholder model that `plimsoll serve`
/// makes. LLAMA_SERVER names its binary; without one on the PATH either the test says so and is skipped.
/// </summary>
public sealed class BenchForeignTests
{
    [Theory]
    [InlineData("openai-chat")]
    [InlineData("openai")]
    public async Task Llama_server_is_measured_with_prompts_of_exact_length(string backend)
    {
        var binary = Find();
        Assert.SkipWhen(binary is null, "no llama-server: neither LLAMA_SERVER nor the PATH has one");
        using var folder = new TemporaryFolder();
        var model = await Placeholder(folder);
        var port = FreePort();
        var start = new ProcessStartInfo(binary!, [
            "-m", model, "--host", "127.0.0.1", "--port", $"{port}", "-c", "2048", "-np", "2", "-t", "1"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var server = Process.Start(start)!;
        _ = server.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        _ = server.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            var result = folder.File("r.json");
            var run = PlimsollProcess.Run(
                "bench", "--base-url", $"http://127.0.0.1:{port}", "--backend", backend,
                "--ready-check-timeout-sec", "60", "--random-input-len", "64", "--random-output-len", "8",
                "--ignore-eos", "--request-rate", "20", "--num-prompts", "30",
                "--max-client-lateness", "1", "--result-filename", result);
            run.ExitCode.ShouldBe(0, run.Story + run.Output);
            using var json = JsonDocument.Parse(File.ReadAllBytes(result));
            // Its HTTP server now and then closes a connection that a request is already on its way over.
            var completed = json.RootElement.GetProperty("completed").GetInt32();
            completed.ShouldBeInRange(24, 30);
            json.RootElement.GetProperty("total_output_tokens").GetInt32().ShouldBe(completed * 8);
            var level = json.RootElement.GetProperty("plimsoll").GetProperty("levels")[0];
            var failures = level.GetProperty("failures").EnumerateObject().ToDictionary(
                failure => failure.Name, failure => failure.Value.GetProperty("count").GetInt32());
            failures.GetValueOrDefault("disconnected").ShouldBe(30 - completed);
            level.GetProperty("counted_share").GetDouble().ShouldBe(1);
            // A word may merge with its neighbour: calibrated lengths are right on average.
            level.GetProperty("prompt_tokens").GetDouble().ShouldBe(completed * 64, completed * 6.4);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    static string? Find()
    {
        if (Environment.GetEnvironmentVariable("LLAMA_SERVER") is { Length: > 0 } named)
            return named;
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            var path = Path.Combine(folder, "llama-server");
            if (File.Exists(path))
                return path;
        }
        return null;
    }

    /// <summary>The GGUF file that a server without a model makes for itself.</summary>
    static async Task<string> Placeholder(TemporaryFolder folder)
    {
        var state = Path.Combine(folder.Path, "state");
        using (await ServeProcess.StartAsync("--state", state))
        {
        }
        return Path.Combine(state, "plimsoll-tiny.gguf");
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
