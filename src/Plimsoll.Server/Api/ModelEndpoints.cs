using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary>Models, adapters, tokens and embeddings.</summary>
sealed class ModelEndpoints(
    Gate gate, ModelDirectory models, UpstreamEndpoints upstreams, Func<Levels> levels, LedgerBook book)
{
    public Task ListAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        return JsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "list"u8);
            writer.WriteStartArray("data"u8);
            foreach (var name in Names().Where(name => models.IsFor(tenant.Name, name)))
                WriteModel(writer, name);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    public Task GetAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        var name = (string)context.Request.RouteValues["model"]!;
        if (upstreams.Find(name) is null && !models.Cascades.ContainsKey(name))
            CompletionEndpoints.Model(models, name, tenant.Name, out _);
        return JsonAsync(context, writer => WriteModel(writer, name));
    }

    public async Task TokenizeAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        var body = document.RootElement;
        if (await UpstreamTokens.TryPassAsync(context, upstreams, tenant, body))
            return;
        var model = Named(body, tenant);
        var codec = model.Engine.Codec;
        var reader =
            new RequestReader(codec, model.Engine.Facts.MaxModelTokens, levels(), tenant.Options.Level);
        var tokens = body.Array("messages") is { } messages
            ? reader.PromptOf(messages, body.Array("tools") ?? default).Tokens
            : codec.Encode(body.Required("prompt"), !body.Has("add_special_tokens", out _)
                || body.Flag("add_special_tokens"));
        await JsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("count"u8, tokens.Length);
            writer.WriteNumber("max_model_len"u8, model.Engine.Facts.MaxModelTokens);
            writer.WriteStartArray("tokens"u8);
            foreach (var token in tokens)
                writer.WriteNumberValue(token);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    public async Task DetokenizeAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        var body = document.RootElement;
        if (await UpstreamTokens.TryPassAsync(context, upstreams, tenant, body))
            return;
        var model = Named(body, tenant);
        var list = body.Array("tokens")
            ?? throw ApiException.Bad("Missing required parameter: 'tokens'.", "tokens");
        var tokens = new int[list.GetArrayLength()];
        for (var i = 0; i < tokens.Length; i++)
        {
            if (list[i].ValueKind != JsonValueKind.Number || !list[i].TryGetInt32(out tokens[i])
                || tokens[i] < 0)
            {
                throw JsonBody.Wrong("tokens", list[i], "token ids of at least 0");
            }
        }
        var text = model.Engine.Codec.Decode(tokens);
        await JsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("prompt"u8, text);
            writer.WriteEndObject();
        });
    }

    public async Task EmbeddingsAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var place = gate.Enter();
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        var body = document.RootElement;
        if (upstreams.Find(body.Required("model")) is { } upstream)
        {
            await upstreams.AnswerAsync(context, tenant, upstream, body);
            return;
        }
        var model = CompletionEndpoints.Model(models, body.Required("model"), tenant.Name, out _);
        var level = levels().Choose(null, tenant.Options.Level);
        var reader =
            new RequestReader(model.Engine.Codec, model.Engine.Facts.MaxModelTokens, levels(),
                tenant.Options.Level);
        var json = await EmbedAsync(
            model, reader, body, book, tenant.Name, RequestShell.RequestId(context), level,
            tokens => gate.Reserve(context, tenant, model.Name, tokens, 0), context.RequestAborted);
        await CompletionEndpoints.WriteJsonAsync(context, json);
    }

    /// <summary>The embeddings that a body asks for.</summary>
    /// <param name="reserve">Called with the prompt's tokens before the work.</param>
    public static async Task<ReadOnlyMemory<byte>> EmbedAsync(
        LocalModel model, RequestReader reader, JsonElement body, LedgerBook book, string tenant,
            string requestId,
        Level level, Action<long> reserve, CancellationToken cancellation)
    {
        var name = body.Required("model");
        if (!model.Engine.Facts.CanEmbed)
            throw ApiException.Bad($"The model {name} gives no embeddings.", "model");
        var prompts = reader.PromptsOf(body, "input");
        var base64 = body.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            var other =>
                throw ApiException.Bad($"encoding_format {other}: expected float or base64",
                    "encoding_format"),
        };
        var dimensions = body.Whole("dimensions", 1, 1 << 20);
        long tokens = 0;
        var memory = new List<ReadOnlyMemory<int>>();
        foreach (var prompt in prompts)
        {
            tokens += prompt.Length;
            memory.Add(prompt);
        }
        reserve(tokens);
        var entry = book.Open(requestId, tenant, level.Name, model.Name, operation: "embeddings");
        entry.PromptTokens = (int)Math.Min(int.MaxValue, tokens);
        var status = RequestStatus.Failed;
        try
        {
            var vectors = await model.Engine.EmbedAsync(memory, Like(level, entry), cancellation);
            status = RequestStatus.Completed;
            if (dimensions > vectors[0].Length)
            {
                throw ApiException.Bad($"dimensions {dimensions}: expected at most {vectors[0].Length}",
                    "dimensions");
            }
            var buffer = new ArrayBufferWriter<byte>(1024);
            using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
                WriteEmbeddings(writer, name, vectors, tokens, base64, dimensions);
            return buffer.WrittenMemory;
        }
        catch (EngineRefusalException refusal)
        {
            throw ApiException.Bad(refusal.Message, "input");
        }
        finally
        {
            book.Close(entry, status);
        }
    }

    static EngineRequest Like(Level level, RequestEntry entry) => new()
    {
        Prompt = default,
        MaxOutputTokens = 1,
        Class = level.Class,
        Level = level.Name,
        DeadlineNs = level.WindowNs,
        Tenant = entry.Tenant,
        LedgerId = entry.Id,
    };

    LocalModel Named(JsonElement body, Tenant tenant) => body.Text("model") is { } name
        ? CompletionEndpoints.Model(models, name, tenant.Name, out _) : models.First;

    IEnumerable<string> Names()
    {
        foreach (var model in models.Local)
        {
            yield return model.Name;
            foreach (var adapter in model.Engine.Adapters)
                yield return adapter.Name;
        }
        foreach (var upstream in upstreams.All)
        {
            yield return upstream.Name;
            foreach (var (adapter, _) in upstream.Adapters)
                yield return adapter;
        }
        foreach (var cascade in models.Cascades.Keys)
            yield return cascade;
    }

    void WriteModel(Utf8JsonWriter writer, string name)
    {
        if (upstreams.Find(name) is { } upstream)
        {
            var isAdapter = name != upstream.Name;
            WriteNamed(writer, name, upstream.Created,
                isAdapter ? upstream.Adapters.First(one => one.Key == name).Value
                    : upstream.Replicas[0].Config.Model ?? name,
                isAdapter ? upstream.Name : null);
            return;
        }
        if (models.Cascades.TryGetValue(name, out var cascade))
        {
            WriteNamed(writer, name, cascade.Created, $"{cascade.First}, {cascade.Then}");
            return;
        }
        var model = CompletionEndpoints.Model(models, name, null, out var adapter);
        writer.WriteStartObject();
        writer.WriteString("id"u8, name);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, model.Created.ToUnixTimeSeconds());
        writer.WriteString("owned_by"u8, "plimsoll"u8);
        writer.WriteString("root"u8, adapter is null ? model.Engine.Facts.Root
            : model.Engine.Adapters.FirstOrDefault(one => one.Name == adapter)?.Path);
        writer.WriteString("parent"u8, adapter is null ? null : model.Name);
        writer.WriteNumber("max_model_len"u8, model.Engine.Facts.MaxModelTokens);
        writer.WriteEndObject();
    }

    static void WriteNamed(Utf8JsonWriter writer, string name, DateTimeOffset created, string root,
        string? parent = null)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, name);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, created.ToUnixTimeSeconds());
        writer.WriteString("owned_by"u8, "plimsoll"u8);
        writer.WriteString("root"u8, root);
        writer.WriteString("parent"u8, parent);
        writer.WriteEndObject();
    }

    static void WriteEmbeddings(
        Utf8JsonWriter writer, string model, IReadOnlyList<float[]> vectors, long tokens, bool base64,
            int? dimensions)
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        for (var i = 0; i < vectors.Count; i++)
        {
            var vector = vectors[i].AsSpan(0, dimensions ?? vectors[i].Length);
            writer.WriteStartObject();
            writer.WriteString("object"u8, "embedding"u8);
            writer.WriteNumber("index"u8, i);
            if (base64)
            {
                writer.WriteBase64String("embedding"u8, MemoryMarshal.AsBytes(vector));
            }
            else
            {
                writer.WriteStartArray("embedding"u8);
                foreach (var value in vector)
                    writer.WriteNumberValue(value);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("model"u8, model);
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, tokens);
        writer.WriteNumber("total_tokens"u8, tokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    static Task JsonAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
            write(writer);
        return CompletionEndpoints.WriteJsonAsync(context, buffer.WrittenMemory);
    }
}
