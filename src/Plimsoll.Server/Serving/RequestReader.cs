using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Engine;

namespace Plimsoll.Server.Serving;

/// <summary>
/// A request's body to a <see cref="CompletionRequest"/>: OpenAI's parameters and vLLM's extras, checked one
/// by one. What no engine here can do is refused by name rather than ignored.
/// </summary>
public sealed class RequestReader(IPromptCodec codec, int maxModelTokens, Levels levels, string? tenantLevel)
{
    public const int MostChoices = 128;
    const int MostStops = 16;
    const int MostPrompts = 2048;

    public CompletionRequest Chat(JsonElement body)
    {
        var messages = body.Array("messages")
            ?? throw ApiException.Bad("Missing required parameter: 'messages'.", "messages",
                "missing_required_parameter");
        var choice = ToolChoice.Read(body);
        var prompt = PromptOf(messages, choice.Tools);
        var request = Common(body, CompletionKind.Chat, [prompt.Tokens]);
        var logprobs = body.Flag("logprobs");
        if (!logprobs && body.Has("top_logprobs", out _))
        {
            throw ApiException.Bad(
                "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs");
        }
        return request with
        {
            Images = prompt.Images,
            TopLogprobs = logprobs ? body.Whole("top_logprobs", 0, 20) ?? 0 : null,
            Format = choice.Format ?? FormatOf(body.Object("response_format"), "response_format")
                ?? Guided(body),
            ForcedTool = choice.Forced,
            Tools = choice.Names,
            CallStyle = choice.Forced is not null || choice.Names.Count == 0 ? ToolCallStyle.None
                : choice.IsAnyForced ? ToolCallStyle.Bare : codec.ToolCalls,
        };
    }

    public CompletionRequest Text(JsonElement body)
    {
        if (body.Text("suffix") is { Length: > 0 })
            throw ApiException.Bad("suffix is not supported; expected a prompt alone", "suffix");
        var request = Common(body, CompletionKind.Text, PromptsOf(body, "prompt"));
        if (body.Flag("echo") && body.Has("logprobs", out _))
        {
            throw ApiException.Bad(
                "logprobs of an echoed prompt are not computed; expected echo or logprobs", "logprobs");
        }
        return request with
        {
            TopLogprobs = body.Whole("logprobs", 0, 20),
            Echo = body.Flag("echo"),
            Format = Guided(body),
        };
    }

    /// <summary>Token prompts of an input: a text, texts, tokens or lists of tokens.</summary>
    public IReadOnlyList<int[]> PromptsOf(JsonElement body, string name)
    {
        if (!body.Has(name, out var prompt))
        {
            throw ApiException.Bad($"Missing required parameter: '{name}'.", name,
                "missing_required_parameter");
        }
        if (prompt.ValueKind == JsonValueKind.String)
            return [Encode(prompt.GetString()!, addSpecial: true)];
        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
            throw JsonBody.Wrong(name, prompt, "a string or a non-empty array");
        if (prompt[0].ValueKind == JsonValueKind.Number)
            return [Tokens(prompt, name)];
        if (prompt.GetArrayLength() > MostPrompts)
        {
            throw ApiException.Bad(
                $"'{name}' has {prompt.GetArrayLength()} entries; expected at most {MostPrompts}", name);
        }
        var prompts = new List<int[]>();
        foreach (var one in prompt.EnumerateArray())
        {
            prompts.Add(one.ValueKind switch
            {
                JsonValueKind.String => Encode(one.GetString()!, addSpecial: true),
                JsonValueKind.Array => Tokens(one, name),
                _ => throw JsonBody.Wrong(name, one, "a string or an array of tokens"),
            });
        }
        return prompts;
    }

    /// <summary>The tokens of a chat.</summary>
    public EncodedPrompt PromptOf(JsonElement messages, JsonElement tools)
    {
        var text = Render(messages, tools);
        var images = codec.TakesImages ? ImageReader.Of(messages) : [];
        if (images.Count == 0)
            return new EncodedPrompt(Encode(text, addSpecial: false), []);
        try
        {
            return codec.Encode(text, images);
        }
        catch (EngineRefusalException refusal)
        {
            throw ApiException.Bad(refusal.Message, "messages");
        }
    }

    string Render(JsonElement messages, JsonElement tools)
    {
        if (messages.GetArrayLength() == 0)
            throw ApiException.Bad("'messages' is empty; expected at least one message", "messages");
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            CheckMessage(message, $"messages[{index}]");
            index++;
        }
        try
        {
            return codec.RenderChat(messages, tools, addGenerationPrompt: true);
        }
        catch (EngineRefusalException refusal)
        {
            throw ApiException.Bad(refusal.Message, "messages");
        }
    }

    void CheckMessage(JsonElement message, string name)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw JsonBody.Wrong(name, message, "an object");
        var role = message.Required("role");
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool" or "function"))
        {
            throw ApiException.Bad(
                $"Invalid value: '{role}'. Supported values are: 'system', 'assistant', "
                    + $"'user', 'tool', 'developer'.",
                name + ".role", "invalid_value");
        }
        if (!message.Has("content", out var content))
        {
            if (role != "assistant")
            {
                throw ApiException.Bad($"Missing required parameter: '{name}.content'.", name
                    + ".content", "missing_required_parameter");
            }
            return;
        }
        if (content.ValueKind == JsonValueKind.String)
            return;
        if (content.ValueKind != JsonValueKind.Array)
            throw JsonBody.Wrong(name + ".content", content, "a string or an array of parts");
        foreach (var part in content.EnumerateArray())
        {
            var type = part.ValueKind == JsonValueKind.Object ? part.Required("type") : "";
            if (codec.TakesImages && ImageReader.IsImage(type))
                continue;
            if (type is not ("text" or "input_text" or "output_text"))
            {
                var taken = codec.TakesImages ? "text and image parts" : "text parts";
                throw ApiException.Bad(
                    $"{name}.content: this model takes {taken} only", name + ".content", "invalid_value");
            }
            part.Required("text");
        }
    }

    CompletionRequest Common(JsonElement body, CompletionKind kind, IReadOnlyList<int[]> prompts)
    {
        var limit = body.Whole("max_completion_tokens", 1, int.MaxValue / 2)
            ?? body.Whole("max_tokens", 1, int.MaxValue / 2) ?? Predicted(body);
        var longest = 0;
        foreach (var prompt in prompts)
            longest = Math.Max(longest, prompt.Length);
        var usual = kind == CompletionKind.Text ? 16 : Math.Max(1, maxModelTokens - longest);
        var choices = body.Whole("n", 1, MostChoices) ?? 1;
        var best = body.Whole("best_of", 1, MostChoices) ?? choices;
        if (best != choices)
            throw ApiException.Bad("best_of is not supported; expected it to equal n", "best_of");
        var streamOptions = body.Object("stream_options");
        var stream = body.Flag("stream");
        if (streamOptions is not null && !stream)
        {
            throw ApiException.Bad(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options");
        }
        var usage = streamOptions?.Flag("include_usage") ?? false;
        return new CompletionRequest
        {
            Kind = kind,
            Model = body.Required("model"),
            Prompts = prompts,
            Choices = choices,
            Stream = stream,
            IncludeUsage = usage,
            ContinuousUsage = usage && streamOptions!.Value.Flag("continuous_usage_stats"),
            MaxOutputTokens = Math.Max(1, limit ?? usual),
            LimitsOutput = limit is not null,
            MinOutputTokens = body.Whole("min_tokens", 0, int.MaxValue / 2) ?? 0,
            IgnoreEos = body.Flag("ignore_eos"),
            Sampling = SamplingReader.Read(body, codec.VocabularySize),
            Stop = StopsOf(body),
            Priority = body.Whole("priority", -1_000_000, 1_000_000) ?? 0,
            Level = levels.Choose(body.Text("service_tier"), tenantLevel),
        };
    }

    /// <summary>llama-server's name for an answer's most tokens, −1 for as many as there may be.</summary>
    static int? Predicted(JsonElement body)
    {
        var most = body.Whole("n_predict", -1, int.MaxValue / 2);
        return most != 0 ? most > 0 ? most : null : throw ApiException.Bad(
            "Invalid 'n_predict': 0 asks for nothing; expected at least 1, or -1 for no limit", "n_predict",
            "integer_below_min_value");
    }

    static List<string> StopsOf(JsonElement body)
    {
        var stops = new List<string>();
        if (!body.Has("stop", out var stop))
            return stops;
        if (stop.ValueKind == JsonValueKind.String)
        {
            stops.Add(stop.GetString()!);
        }
        else if (stop.ValueKind == JsonValueKind.Array && stop.GetArrayLength() <= MostStops)
        {
            foreach (var one in stop.EnumerateArray())
            {
                stops.Add(one.ValueKind == JsonValueKind.String ? one.GetString()!
                    : throw JsonBody.Wrong("stop", one, "strings"));
            }
        }
        else
        {
            throw JsonBody.Wrong("stop", stop, $"a string or an array of at most {MostStops} strings");
        }
        stops.RemoveAll(text => text.Length == 0);
        return stops;
    }

    public static AnswerFormat? FormatOf(JsonElement? format, string name)
    {
        if (format is not { } chosen)
            return null;
        switch (chosen.Required("type"))
        {
            case "text":
                return null;
            case "json_object":
                return new AnswerFormat(null, null);
            case "json_schema":
                // Chat nests the schema one deeper than responses do.
                var holder = chosen.Object("json_schema") ?? chosen;
                var schema = holder.Object("schema")
                    ?? throw ApiException.Bad($"Missing required parameter: '{name}.json_schema.schema'.",
                        name, "missing_required_parameter");
                return new AnswerFormat(schema.GetRawText(), null);
            default:
                throw ApiException.Bad(
                    $"Invalid value for '{name}.type'; expected text, json_object or json_schema", name,
                        "invalid_value");
        }
    }

    static AnswerFormat? Guided(JsonElement body)
    {
        if (body.Object("guided_json") is { } schema)
            return new AnswerFormat(schema.GetRawText(), null, "guided_json");
        // vLLM's name for it, or llama-server's.
        foreach (var name in new[] { "guided_grammar", "grammar" })
        {
            if (body.Text(name) is { } grammar)
                return new AnswerFormat(null, grammar, name);
        }
        return null;
    }

    int[] Encode(string text, bool addSpecial) => codec.Encode(text, addSpecial);

    static int[] Tokens(JsonElement list, string name)
    {
        var tokens = new int[list.GetArrayLength()];
        for (var i = 0; i < tokens.Length; i++)
        {
            if (list[i].ValueKind != JsonValueKind.Number || !list[i].TryGetInt32(out tokens[i])
                || tokens[i] < 0)
            {
                throw JsonBody.Wrong(name, list[i], "token ids of at least 0");
            }
        }
        return tokens;
    }
}
