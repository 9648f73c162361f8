using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server;
using Plimsoll.Server.Configuration;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// A server on a port of its own with a state folder of its own: real Kestrel, real sockets, real files.
/// </summary>
sealed class RunningServer : IAsyncDisposable
{
    readonly TemporaryFolder _folder;
    readonly ServeHost _host;

    readonly StringWriter _story;

    RunningServer(TemporaryFolder folder, ServeHost host, ServeConfig config, StringWriter story)
    {
        _story = story;
        _folder = folder;
        _host = host;
        Config = config;
        Address = new Uri(host.Addresses.First());
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public ServeConfig Config { get; }

    public ServeHost Host => _host;

    public string State => _folder.Path;

    /// <summary>What it told while it started.</summary>
    public string Story => _story.ToString();

    public static ModelConfig Simulated(string name = "sim") => new()
    {
        Name = name,
        Simulated = new SimulatedConfig { Model = "Llama-3.1-8B", Gpu = "h100_sxm", MedianOutputTokens = 12 },
    };

    public static async Task<RunningServer> StartAsync(Action<ServeConfig>? change = null)
    {
        var folder = new TemporaryFolder();
        var config = new ServeConfig
        {
            Listen = ["http://127.0.0.1:0"],
            State = folder.Path,
            Models = [Simulated()],
        };
        change?.Invoke(config);
        var story = new StringWriter();
        var host = await ServeHost.StartAsync(config, TimeProvider.System, "test", story);
        return new RunningServer(folder, host, config, story);
    }

    /// <summary>A new key of a tenant, to be put into the configuration and the header.</summary>
    public static (string Key, KeyConfig Config) NewKey(string tenant, Action<KeyConfig>? change = null)
    {
        var (key, id, hash) = KeyHash.Create();
        var config = new KeyConfig { Tenant = tenant, Id = id, Hash = hash };
        change?.Invoke(config);
        return (key, config);
    }

    public async Task<(int Status, JsonElement Body, HttpResponseMessage Response)> PostAsync(string path,
        string json, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        if (key is not null)
            request.Headers.Add("Authorization", $"Bearer {key}");
        var response = await Client.SendAsync(request);
        return ((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync()), response);
    }

    public async Task<(int Status, JsonElement Body)> GetAsync(string path, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
            request.Headers.Add("Authorization", $"Bearer {key}");
        var response = await Client.SendAsync(request);
        return ((int)response.StatusCode, Parse(await response.Content.ReadAsStringAsync()));
    }

    public async Task<string> UploadAsync(string content, string? key = null, string purpose = "batch")
    {
        var form = new MultipartFormDataContent
        {
            { new StringContent(purpose), "purpose" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", "in.jsonl" },
        };
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/files") { Content = form };
        if (key is not null)
            request.Headers.Add("Authorization", $"Bearer {key}");
        var response = await Client.SendAsync(request);
        return Parse(await response.Content.ReadAsStringAsync()).GetProperty("id").GetString()!;
    }

    /// <summary>Looks until what is asked for holds, for ten seconds at most.</summary>
    /// <param name="longest">In place of ten seconds.</param>
    public static async Task<T> EventuallyAsync<T>(
        Func<Task<T>> look, Func<T, bool> holds, TimeSpan? longest = null)
    {
        var looks = (longest ?? TimeSpan.FromSeconds(10)).TotalMilliseconds / 50;
        for (var i = 0; ; i++)
        {
            var seen = await look();
            if (holds(seen) || i >= looks)
                return seen;
            await Task.Delay(50);
        }
    }

    public static string Line(int index, string model = "sim", int maxTokens = 4) =>
        $$$"""{"custom_id":"r{{{index}}}","method":"POST","url":"/v1/chat/completions","body":{"model":"{{{model}}}","max_tokens":{{{maxTokens}}},"messages":[{"role":"user","content":"number {{{index}}}"}]}}""";

    public static string Lines(int count) =>
        string.Join('\n', Enumerable.Range(0, count).Select(i => Line(i))) + "\n";

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    static JsonElement Parse(string text) =>
        text.StartsWith('{') ? JsonDocument.Parse(text).RootElement
            : JsonDocument.Parse(JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = text }))
                .RootElement;
}
