using System.Text.Json;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Bailian's JSON lines: seconds, salted hashes of 16-token blocks each on its own, conversations by
/// <c>parent_chat_id</c>. (alibaba-edu/qwen-bailian-usagetraces-anon, Apache-2.0.)
/// </summary>
sealed class BailianReader : JsonTraceReader
{
    readonly int _blockTokens;
    readonly System.Collections.Generic.Dictionary<ulong, int> _sessionOfChat = [];
    int _sessions;

    public BailianReader(TraceSource source, int blockTokens)
        : base(source, TraceFormat.Bailian)
    {
        _blockTokens = blockTokens;
    }

    protected override void ParseObject(ref Utf8JsonReader json, ref TraceRow row, ref string? dropped)
    {
        int prompt = -1, output = -1, blocks = 0;
        ulong? chat = null, parent = null;
        while (Property(ref json))
        {
            if (Is(ref json, "timestamp"u8))
                row.AtNs = Time(ref json, 1_000_000_000, "timestamp");
            else if (Is(ref json, "input_length"u8))
                prompt = Tokens(ref json, "input_length");
            else if (Is(ref json, "output_length"u8))
                output = Tokens(ref json, "output_length");
            else if (Is(ref json, "hash_ids"u8))
                blocks = Hashes(ref json, "hash_ids");
            else if (Is(ref json, "chat_id"u8))
                chat = Identity(ref json, "chat_id");
            else if (Is(ref json, "parent_chat_id"u8))
                parent = IsNull(ref json) ? null : Identity(ref json, "parent_chat_id");
            else
                Pass(ref json);
        }
        if (prompt < 0 || output < 0 || !row.HasTime || chat is null)
            throw Source.Error("expected chat_id, timestamp, input_length and output_length; one is missing");
        row.PromptTokens = prompt;
        row.OutputTokens = output;
        row.Session = SessionOf(chat.Value, parent);
        if (blocks == 0)
            return;
        row.PrefixKeys = Keys(blocks, _blockTokens, prompt);
    }

    int SessionOf(ulong chat, ulong? parent)
    {
        if (parent is null || !_sessionOfChat.TryGetValue(parent.Value, out var session))
            session = _sessions++;
        _sessionOfChat[chat] = session;
        return session;
    }
}
