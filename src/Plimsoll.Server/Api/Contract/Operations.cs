using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Server.Api.Contract;

/// <summary>
/// Every endpoint of the server. What is not here cannot be mapped, so nothing goes undescribed.
/// </summary>
public static class Operations
{
    public const string Serving = "Serving";
    const string Models = "Models";
    const string Batches = "Files and batches";
    const string Tuning = "Fine-tuning";
    const string Operating = "Operating";
    const string Jobs = "/v1/fine_tuning/jobs";

    public static IReadOnlyList<Operation> All { get; } =
    [
        new("POST", "/v1/chat/completions", Serving, "Answers a chat, whole or as a stream.")
            { Request = "ChatRequest", Answer = "ChatResponse", Event = "ChatChunk" },
        new("POST", "/v1/completions", Serving, "Continues a text, whole or as a stream.")
            { Request = "CompletionRequest", Answer = "CompletionResponse", Event = "CompletionResponse" },
        new("POST", "/v1/responses", Serving, "Answers items, whole or as a stream; nothing is kept.")
            { Request = "ResponseRequest", Answer = "Response", Event = "Response" },
        new("POST", "/v1/embeddings", Serving, "Turns texts into vectors.")
            { Request = "EmbeddingRequest", Answer = "EmbeddingResponse" },
        new("GET", "/v1/models", Models, "Lists models and adapters.") { Answer = "ModelList" },
        new("GET", "/v1/models/{**model}", Models, "Tells of one model.") { Answer = "Model" },
        new("POST", "/tokenize", Models, "Turns a prompt or a chat into token ids.")
            { Request = "TokenizeRequest", Answer = "TokenizeResponse" },
        new("POST", "/detokenize", Models, "Turns token ids into text.")
            { Request = "DetokenizeRequest", Answer = "DetokenizeResponse" },
        new("POST", "/v1/load_lora_adapter", Models, "Loads a LoRA adapter under a name of its own.")
            { Request = "LoadAdapter", AnswerType = "text/plain", Caller = Caller.Admin },
        new("POST", "/v1/unload_lora_adapter", Models, "Forgets an adapter.")
            { Request = "UnloadAdapter", AnswerType = "text/plain", Caller = Caller.Admin },
        new("POST", "/v1/files", Batches, "Takes a file; acknowledged when it is on disk.")
            { Request = "FileUpload", IsForm = true, Answer = "File" },
        new("GET", "/v1/files", Batches, "Lists the tenant's files.")
            { Answer = "FileList", IsPaged = true },
        new("GET", "/v1/files/{id}", Batches, "Tells of one file.") { Answer = "File" },
        new("GET", "/v1/files/{id}/content", Batches, "Gives a file's bytes.")
            { AnswerType = "application/octet-stream" },
        new("DELETE", "/v1/files/{id}", Batches, "Deletes a file.")
            { Answer = "Deleted", Conflicts = true },
        new("POST", "/v1/batches", Batches, "Takes a batch; its lines ride in the slack.")
            { Request = "BatchRequest", Answer = "Batch" },
        new("GET", "/v1/batches", Batches, "Lists the tenant's batches.")
            { Answer = "BatchList", IsPaged = true },
        new("GET", "/v1/batches/{id}", Batches, "Tells how far a batch is.") { Answer = "Batch" },
        new("POST", "/v1/batches/{id}/cancel", Batches, "Stops a batch; what is answered stays.")
            { Answer = "Batch", Conflicts = true },
        new("POST", Jobs, Tuning, "Trains an adapter on an uploaded file.")
            { Request = "FineTuningRequest", Answer = "FineTuningJob" },
        new("GET", Jobs, Tuning, "Lists the tenant's jobs.") { Answer = "FineTuningList", IsPaged = true },
        new("GET", Jobs + "/{id}", Tuning, "Tells of one job.") { Answer = "FineTuningJob" },
        new("POST", Jobs + "/{id}/cancel", Tuning, "Stops a job for good.")
            { Answer = "FineTuningJob", Conflicts = true },
        new("POST", Jobs + "/{id}/pause", Tuning, "Stops a job for now.")
            { Answer = "FineTuningJob", Conflicts = true },
        new("POST", Jobs + "/{id}/resume", Tuning, "Goes on with a job.")
            { Answer = "FineTuningJob", Conflicts = true },
        new("GET", Jobs + "/{id}/events", Tuning, "What happened to a job.")
            { Answer = "FineTuningList", IsPaged = true },
        new("GET", Jobs + "/{id}/checkpoints", Tuning, "A job's checkpoints.")
            { Answer = "FineTuningList", IsPaged = true },
        new("POST", "/v1/rollouts", Operating, "Begins a candidate's way into a task's traffic.")
            { Request = "RolloutRequest", Answer = "Rollout", Caller = Caller.Admin },
        new("GET", "/v1/rollouts", Operating, "Lists rollouts.")
            { Answer = "RolloutList", Caller = Caller.Admin },
        new("GET", "/v1/rollouts/{task}", Operating, "Tells of one rollout.")
            { Answer = "Rollout", Caller = Caller.Admin },
        new("POST", "/v1/rollouts/{task}/rollback", Operating, "Takes a candidate out of the traffic.")
            { Request = "RollBack", Answer = "Rollout", Caller = Caller.Admin },
        new("GET", "/health", Operating, "200 while requests are taken, 503 once the server drains.")
            { Caller = Caller.Anybody },
        new("GET", "/version", Operating, "The release.") { Answer = "Version", Caller = Caller.Anybody },
        new("GET", "/metrics", Operating, "Prometheus' text, under vLLM's names.")
            { AnswerType = "text/plain", Caller = Caller.Admin },
        new("GET", "/", Operating, "The live page's frame.")
            { AnswerType = "text/html", Caller = Caller.Anybody },
        new("GET", "/live", Operating, "What fills the live page, once a second.")
            { AnswerType = "text/event-stream", Caller = Caller.Admin },
        new("GET", "/openapi.json", Operating, "This description.")
            { AnswerType = "application/json", Caller = Caller.Anybody },
        new("GET", "/docs", Operating, "This description as a page.")
            { AnswerType = "text/html", Caller = Caller.Anybody },
    ];

    /// <summary>The description of an endpoint; throws where there is none.</summary>
    public static Operation Of(string method, string path) =>
        All.Single(operation => operation.Method == method && operation.Path == path);
}
