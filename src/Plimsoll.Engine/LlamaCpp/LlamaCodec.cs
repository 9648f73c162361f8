using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Inputs.Templates;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A model's own tokenizer and chat template.</summary>
public sealed class LlamaCodec : IPromptCodec
{
    readonly LlamaTokenizer _tokenizer;
    readonly TimeProvider _time;
    readonly ChatTemplate? _template;
    readonly string? _problem;
    readonly Projector? _projector;

    internal LlamaCodec(LlamaModel model, TimeProvider time, Projector? projector = null)
    {
        _projector = projector;
        _tokenizer = model.Tokenizer;
        _time = time;
        ToolCalls = ToolCallStyles.Of(model.Facts.ChatTemplate);
        try
        {
            _template = model.Facts.ChatTemplate is { } source ? ChatTemplate.Parse(source) : null;
        }
        catch (TemplateException e)
        {
            _problem = e.Message;
        }
    }

    public int VocabularySize => _tokenizer.Size;

    public ToolCallStyle ToolCalls { get; }

    public bool TakesImages => _projector is not null;

    public EncodedPrompt Encode(string text, IReadOnlyList<ImagePixels> images) => _projector is null
        ? throw new EngineRefusalException("the model has no projector: it takes no images")
        : _projector.Encode(text, images);

    public int[] Encode(ReadOnlySpan<char> text, bool addSpecial) => _tokenizer.Encode(text, addSpecial);

    public string Decode(ReadOnlySpan<int> tokens) => _tokenizer.Decode(tokens);

    public string RenderChat(JsonElement messages, JsonElement tools, bool addGenerationPrompt)
    {
        if (_template is null)
        {
            throw new EngineRefusalException(_problem is null
                ? "the model has no chat template; expected a request to /v1/completions"
                : $"the model's chat template cannot be used: {_problem}");
        }
        using var variables = Variables(messages, tools, addGenerationPrompt);
        try
        {
            return _template.Render(variables.RootElement, _time.GetLocalNow().DateTime);
        }
        catch (TemplateException e)
        {
            throw new EngineRefusalException(e.Message);
        }
    }

    JsonDocument Variables(JsonElement messages, JsonElement tools, bool addGenerationPrompt)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WritePropertyName("messages");
            ChatMessages.Write(messages, json, _projector?.Marker);
            if (tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0)
            {
                json.WritePropertyName("tools");
                tools.WriteTo(json);
            }
            json.WriteBoolean("add_generation_prompt", addGenerationPrompt);
            json.WriteString("bos_token", _tokenizer.SpecialText(_tokenizer.BeginToken));
            json.WriteString("eos_token", _tokenizer.SpecialText(_tokenizer.EndToken));
            json.WriteEndObject();
        }
        return JsonDocument.Parse(buffer.WrittenMemory);
    }
}
