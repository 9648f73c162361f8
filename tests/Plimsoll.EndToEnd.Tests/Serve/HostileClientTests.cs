using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>Clients that send too little, too much, or something else than HTTP: raw sockets.</summary>
public sealed class HostileClientTests(ContractTests.Served served) : IClassFixture<ContractTests.Served>
{
    readonly RunningServer _server = served.Server;

    const string Hello = """{"model":"sim","max_tokens":2,"messages":[{"role":"user","content":"hi"}]}""";

    const string Post = "POST /v1/completions HTTP/1.1\r\nHost: x\r\n";

    [Fact]
    public async Task Headers_that_dribble_are_cut_off_and_nobody_waits_for_them()
    {
        await using var server = await RunningServer.StartAsync(
            config => config.Limits.HeadersTimeout = "800ms");
        var slow = new List<TcpClient>();
        for (var i = 0; i < 200; i++)
        {
            slow.Add(await ConnectAsync(server));
            await slow[i].GetStream().WriteAsync(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-"u8.ToArray());
        }
        (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
        foreach (var client in slow)
        {
            (await ReadAsync(client)).ShouldStartWith("HTTP/1.1 408");
            client.Dispose();
        }
    }

    /// <summary>
    /// Ten thousand connections that say nothing cost their sockets, and nobody else's time.
    /// </summary>
    [Fact]
    public async Task Ten_thousand_idle_connections_hold_nobody_up()
    {
        using var folder = new TemporaryFolder();
        using var server = await ServeProcess.StartAsync(
            "--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--served-model-name", "sim", "--state",
            folder.Path);
        var idle = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 10_000; i++)
            {
                var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", server.Client.BaseAddress!.Port);
                idle.Add(client);
            }
            for (var i = 0; i < 20; i++)
            {
                var answer = await server.Client.PostAsync("/v1/chat/completions", new StringContent(Hello));
                answer.IsSuccessStatusCode.ShouldBeTrue();
            }
            server.MemoryBytes.ShouldBeLessThan(700L << 20);
        }
        finally
        {
            foreach (var client in idle)
                client.Dispose();
        }
    }

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: x\r\nX: {32k}\r\n\r\n", "431")]
    [InlineData("GET /{32k} HTTP/1.1\r\nHost: x\r\n\r\n", "414")]
    [InlineData("GET /v1/models HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: x\r\nA: b\u0000c\r\n\r\n", "400")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", "400")]
    [InlineData("GET /v1/models\u0000 HTTP/1.1\r\nHost: x\r\n\r\n", "400")]
    [InlineData("GET /v1/models HTTP/9.9\r\nHost: x\r\n\r\n", "505")]
    [InlineData(Post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400")]
    [InlineData(Post + "Content-Length: -1\r\n\r\n", "400")]
    [InlineData(Post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400")]
    [InlineData(Post + "Transfer-Encoding: gzip\r\n\r\n{}", "400")]
    [InlineData("DELETE /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", "404")]
    [InlineData("this is no http\r\n\r\n", "505")]
    public async Task What_is_no_request_is_refused(string said, string status)
    {
        var server = _server;
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(
            Encoding.Latin1.GetBytes(said.Replace("{32k}", new string('a', 40_000))));
        (await ReadAsync(client)).ShouldStartWith($"HTTP/1.1 {status}");
        (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
    }

    /// <summary>What a proxy and this server might read differently is closed after one answer, so that no
    /// second request hides in the first.</summary>
    [Fact]
    public async Task A_request_hidden_in_anothers_body_is_not_answered()
    {
        var server = _server;
        using var client = await ConnectAsync(server);
        const string Hidden = "GET /v1/files HTTP/1.1\r\nHost: x\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            Post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"0\r\n\r\n{Hidden}"));
        var heard = await ReadAsync(client);
        heard.ShouldNotContain("\"object\":\"list\"");
    }

    [Theory]
    [InlineData("x-session-id", "a\tb")]
    [InlineData("x-slo-ttft-ms", "1e999")]
    [InlineData("x-slo-ttft-ms", "-5")]
    [InlineData("x-slo-tpot-ms", "NaN")]
    [InlineData("Authorization", "Bearer plm-../../etc-x")]
    [InlineData("Content-Type", "text/html; charset=utf-7")]
    public async Task Headers_of_ours_that_make_no_sense_do_no_harm(string name, string value)
    {
        var server = _server;
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(Hello, Encoding.UTF8, "application/json"),
        };
        if (name == "Content-Type")
            request.Content.Headers.Remove(name);
        HttpHeaders headers = name == "Content-Type" ? request.Content.Headers : request.Headers;
        headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
        var response = await server.Client.SendAsync(request);
        ((int)response.StatusCode).ShouldBe(name.StartsWith("x-slo") ? 400 : 200);
    }

    /// <summary>A disk of two megabytes.</summary>
    [Fact]
    public async Task On_a_full_disk_a_file_is_refused_whole_and_answers_go_on()
    {
        using var folder = new TemporaryFolder();
        Assert.SkipUnless(
            Mount(folder.Path, "-t", "tmpfs", "-o", "size=2m", "tmpfs"), "needs the right to mount");
        try
        {
            await using var server = await RunningServer.StartAsync(config => config.State = folder.Path);
            (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
            var form = new MultipartFormDataContent
            {
                { new StringContent("batch"), "purpose" },
                { new ByteArrayContent(new byte[4 << 20]), "file", "in.jsonl" },
            };
            var response = await server.Client.PostAsync("/v1/files", form);
            ((int)response.StatusCode).ShouldBe(503);
            var said = await response.Content.ReadAsStringAsync();
            said.ShouldContain("storage_full");
            said.ShouldNotContain(folder.Path);
            Directory.GetFiles(Path.Combine(folder.Path, "files")).ShouldBeEmpty();
            (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
            (await server.UploadAsync(RunningServer.Lines(1))).ShouldStartWith("file-");
        }
        finally
        {
            Process.Start("umount", ["-l", folder.Path]).WaitForExit();
        }
    }

    [Fact]
    public async Task A_database_that_is_away_is_said_and_answers_go_on()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var server = await RunningServer.StartAsync(config => config.Ledger = postgres!.Url);
        var file = await server.UploadAsync(RunningServer.Lines(2));
        var create = $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""";
        postgres!.Stop();
        (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
        var (listed, error) = await server.GetAsync("/v1/batches");
        listed.ShouldBe(503);
        error.GetProperty("error").GetProperty("code").GetString().ShouldBe("storage_away");
        (await server.PostAsync("/v1/batches", create)).Status.ShouldBe(503);
        postgres.Start();
        var (_, batches) = await RunningServer.EventuallyAsync(
            () => server.GetAsync("/v1/batches"), answer => answer.Status == 200);
        batches.GetProperty("data").GetArrayLength().ShouldBe(0);
        (await server.PostAsync("/v1/batches", create)).Status.ShouldBe(200);
    }

    /// <summary>The wall clock jumps an hour on and two back while requests run.</summary>
    [Fact]
    public async Task Clock_steps_change_no_bill_and_no_latency()
    {
        await using var engine = await RunningServer.StartAsync();
        var time = new SteppedTime();
        string ledger;
        using (var folder = new TemporaryFolder())
        {
            var config = new ServeConfig
            {
                Listen = ["http://127.0.0.1:0"],
                State = folder.Path,
                Models =
                [
                    RunningServer.Simulated(),
                    new ModelConfig
                    {
                        Name = "fleet",
                        PriceUsdPerHour = 3600,
                        Upstreams = [new() { Url = engine.Address.ToString(), Model = "sim" }],
                    },
                ],
            };
            await using (var host = await ServeHost.StartAsync(config, time, "test", TextWriter.Null))
            {
                using var client = new HttpClient { BaseAddress = new Uri(string.Join("", host.Addresses)) };
                foreach (var step in new[] { 0, 3600, -7200, 0 })
                {
                    time.Step = TimeSpan.FromSeconds(step);
                    foreach (var model in new[] { "sim", "fleet" })
                    {
                        var answer = await client.PostAsync("/v1/chat/completions",
                            new StringContent(Hello.Replace("sim", model)));
                        answer.IsSuccessStatusCode.ShouldBeTrue(model);
                    }
                    await Task.Delay(600);
                }
            }
            ledger = Path.Combine(folder.Path, "plimsoll.db");
            PlimsollProcess.Run("ledger", "--ledger", ledger, "--check").ExitCode.ShouldBe(0);
            var money = PlimsollProcess.Run(
                "ledger", "--ledger", ledger, "--by", "engine", "--gap", "unallocated", "--json");
            // A dollar a second: an hour that was never lived would be 3,600.
            JsonDocument.Parse(money.Output).RootElement.GetProperty("total_usd").GetDouble()
                .ShouldBeInRange(2, 120);
        }
    }

    static bool Mount(string folder, params string[] arguments)
    {
        try
        {
            using var mount = Process.Start(new ProcessStartInfo("mount", [.. arguments, folder])
                { RedirectStandardError = true })!;
            mount.WaitForExit();
            return mount.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    static async Task<TcpClient> ConnectAsync(RunningServer server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        return client;
    }

    /// <summary>What comes until the server hangs up or says nothing more for a while.</summary>
    static async Task<string> ReadAsync(TcpClient client)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            while (true)
            {
                var patience = TimeSpan.FromSeconds(text.Length == 0 ? 10 : 0.3);
                var read = await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(patience);
                if (read == 0)
                    return text.ToString();
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return text.ToString();
        }
    }

    /// <summary>The system's clock with a step in it; what it measures runs on.</summary>
    sealed class SteppedTime : TimeProvider
    {
        public TimeSpan Step { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;
    }
}
