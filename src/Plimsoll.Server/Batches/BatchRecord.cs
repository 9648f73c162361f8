using System.Data.Common;

namespace Plimsoll.Server.Batches;

/// <summary>One batch as the database has it; times are Unix seconds.</summary>
public sealed record BatchRecord
{
    public const string Columns =
        "id, tenant, endpoint, input_file, status, created, expires, in_progress, finalizing, "
        + "completed, failed, expired, cancelling, cancelled, output_file, error_file, errors, metadata";

    public required string Id { get; init; }

    public required string Tenant { get; init; }

    public required string Endpoint { get; init; }

    public required string InputFile { get; init; }

    public required string Status { get; init; }

    public required long Created { get; init; }

    public required long Expires { get; init; }

    public long? InProgress { get; init; }

    public long? Finalizing { get; init; }

    public long? Completed { get; init; }

    public long? Failed { get; init; }

    public long? Expired { get; init; }

    public long? Cancelling { get; init; }

    public long? Cancelled { get; init; }

    public string? OutputFile { get; init; }

    public string? ErrorFile { get; init; }

    /// <summary>JSON array of what is wrong with the input file.</summary>
    public string? Errors { get; init; }

    /// <summary>JSON object of the client's own.</summary>
    public string? Metadata { get; init; }

    public bool IsOver => Status is "completed" or "failed" or "expired" or "cancelled";

    public static BatchRecord Read(DbDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Tenant = reader.GetString(1),
        Endpoint = reader.GetString(2),
        InputFile = reader.GetString(3),
        Status = reader.GetString(4),
        Created = reader.GetInt64(5),
        Expires = reader.GetInt64(6),
        InProgress = Seconds(reader, 7),
        Finalizing = Seconds(reader, 8),
        Completed = Seconds(reader, 9),
        Failed = Seconds(reader, 10),
        Expired = Seconds(reader, 11),
        Cancelling = Seconds(reader, 12),
        Cancelled = Seconds(reader, 13),
        OutputFile = Text(reader, 14),
        ErrorFile = Text(reader, 15),
        Errors = Text(reader, 16),
        Metadata = Text(reader, 17),
    };

    static long? Seconds(DbDataReader reader, int column) => reader.IsDBNull(column) ? null
        : reader.GetInt64(column);

    static string? Text(DbDataReader reader, int column) => reader.IsDBNull(column) ? null
        : reader.GetString(column);
}

/// <summary>How far a batch is.</summary>
public readonly record struct BatchCounts(long Total, long Completed, long Failed);

/// <summary>What becomes of a line; the number is what the database has.</summary>
enum LineStatus
{
    Open = 0,
    Answered = 1,
    Failed = 2,
}
