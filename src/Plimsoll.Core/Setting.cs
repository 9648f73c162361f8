using System;

namespace Plimsoll.Core;

/// <summary>
/// A choice of the user's that messages speak of; the layer where it is made has its own word for it.
/// </summary>
public enum Setting
{
    Model,
    Accelerator,
    TensorParallel,
    PipelineParallel,
    ExpertParallel,
    DataParallel,
    Weights,
    Engine,
    MaxNumSeqs,
    MaxNumBatchedTokens,
    BlockSize,
    Workload,
    BatchWorkload,
    ColumnMap,
    Promise,
    Level,
    Price,
    Requests,
    BatchWindow,
    ValidationData,
    ValidationSet,
    ValidationPage,
    Against,
    Levels,
    Stages,
    Arrivals,
    Burstiness,
    StepLog,
    Tokenizer,
    DatasetPath,
    ExtraBody,
    ServedModelName,
    NoStream,
    IgnoreEos,
    OutputLength,
    Teacher,
    TeacherMostTokens,
}

public static class Settings
{
    /// <summary>What it is called where nothing else is known.</summary>
    public static string Name(this Setting setting) => setting switch
    {
        Setting.Model => "model",
        Setting.Accelerator => "accelerator",
        Setting.TensorParallel => "tensor parallel degree",
        Setting.PipelineParallel => "pipeline stages",
        Setting.ExpertParallel => "expert parallel degree",
        Setting.DataParallel => "data parallel ranks",
        Setting.Weights => "weight format",
        Setting.Engine => "engine",
        Setting.MaxNumSeqs => "most sequences",
        Setting.MaxNumBatchedTokens => "most batched tokens",
        Setting.BlockSize => "block size",
        Setting.Workload => "workload",
        Setting.BatchWorkload => "batch workload",
        Setting.ColumnMap => "column map",
        Setting.Promise => "promise",
        Setting.Level => "level",
        Setting.Price => "price",
        Setting.Requests => "requests",
        Setting.BatchWindow => "batch window",
        Setting.ValidationData => "data folder",
        Setting.ValidationSet => "validation set",
        Setting.ValidationPage => "validation page",
        Setting.Against => "account to compare with",
        Setting.Levels => "levels",
        Setting.Stages => "stages",
        Setting.Arrivals => "arrivals",
        Setting.Burstiness => "burstiness",
        Setting.StepLog => "step log",
        Setting.Tokenizer => "tokenizer",
        Setting.DatasetPath => "file of requests",
        Setting.ExtraBody => "extra members",
        Setting.ServedModelName => "served model name",
        Setting.NoStream => "answers at once",
        Setting.IgnoreEos => "answers of full length",
        Setting.OutputLength => "length of answers",
        Setting.Teacher => "teacher",
        Setting.TeacherMostTokens => "tokens of an answer",
        _ => throw new ArgumentOutOfRangeException(nameof(setting), setting, null),
    };
}
