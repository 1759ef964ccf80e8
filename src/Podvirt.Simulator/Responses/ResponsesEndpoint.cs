using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Startup;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Responses;

/// <summary>
/// <c>POST /v1/responses</c>: plain, streamed, or in the background, where the reply is the queued response, or a stream that outlives its
/// reader.
/// </summary>
internal sealed class ResponsesEndpoint(
    SimulatedEngine engine, GenerationFactory factory, ServedModels models, Replies replies, ResponseStore store, EngineLog log)
{
    public async Task CreateAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var request = ResponseRequest.Read(document.RootElement.Clone(), engine.Options, engine.Time);
        var model = models.Resolve(request.Sampling.Model);
        models.Refuse(ModelKind.Embedding, "Responses API");
        var keeps = request.Store && engine.Options.ResponseStore;
        if (request.Background && !keeps)
        {
            throw Refusal(
                StatusCodes.Status400BadRequest,
                "This vLLM engine does not support `store=True` and therefore does not support the background mode. To enable these features, "
                + "set the environment variable `VLLM_ENABLE_RESPONSES_API_STORE=1` when launching the vLLM server.",
                "background");
        }

        if (request.Background)
        {
            await RunInBackgroundAsync(context, request, model);
            return;
        }

        var run = Prepare(request, model, context.RequestAborted);
        using var generation = run.Generation;
        if (request.Sampling.Stream)
        {
            await replies.StreamAsync(generation, StreamOf(run, new ClientEvents(context), keeps));
        }
        else if (await replies.CompleteAsync(generation))
        {
            var ended = run.Ended();
            Keep(run, ended, keeps);
            await Json.ReplyAsync(context, ended.Body);
        }
    }

    public static RequestException NotFound(string id) =>
        Refusal(StatusCodes.Status404NotFound, $"Response with id '{id}' not found.", "response_id");

    public static RequestException Refusal(int status, string message, string parameter) => new(status, "invalid_request_error", message, parameter);

    private ResponseRun Prepare(ResponseRequest request, string model, CancellationToken client)
    {
        StoredResponse? previous = null;
        if (request.PreviousId is { } id && !store.TryGet(id, out previous))
        {
            throw NotFound(id);
        }

        var conversation = request.Conversation(previous);
        var prompt = ChatTemplate.Render(conversation, request.Use.Tools);
        var room = engine.Options.MaxModelLength - prompt.Tokens.Length;
        if (room < 1)
        {
            throw Refusal(
                StatusCodes.Status400BadRequest,
                $"The engine prompt length {prompt.Tokens.Length} exceeds the max_model_len {engine.Options.MaxModelLength}. Please reduce prompt.",
                "input");
        }

        // A cap that the context has no room for is lowered, where chat refuses it.
        var tokensMax = Math.Min(request.Sampling.TokensMax ?? room, room);
        var script = ToolScript.Of(request.Use, conversation, request.Form, prompt.Topic);
        var generation = factory.Create(
            [prompt], request.Sampling with { TokensMax = tokensMax }, request.Thinks, continues: false, defaultMax: null, client, script);
        return new ResponseRun(request, model, tokensMax, conversation, generation);
    }

    private ResponseStream StreamOf(ResponseRun run, IEventOutput output, bool keeps) =>
        new(output, run.Id, !engine.Options.ContentParts, run.Write, items => Keep(run, run.Ended(items), keeps));

    private void Keep(ResponseRun run, StoredResponse response, bool keeps)
    {
        if (keeps)
        {
            store.Put(run.Id, response);
        }
    }

    private async Task RunInBackgroundAsync(HttpContext context, ResponseRequest request, string model)
    {
        var events = request.Sampling.Stream ? new EventLog() : null;
        var token = store.Begin(request.Id, events);
        ResponseRun run;
        try
        {
            run = Prepare(request, model, token);
        }
        catch
        {
            store.End(request.Id);
            throw;
        }

        var queued = run.Queued();
        store.Put(run.Id, queued);
        // Its end is seen to by itself: nobody waits for it.
        _ = FinishAsync(run, events);
        await (events is null ? Json.ReplyAsync(context, queued.Body) : events.CopyAsync(new ClientEvents(context), 0, context.RequestAborted));
    }

    private async Task FinishAsync(ResponseRun run, EventLog? events)
    {
        // The queued response goes out first, also where an engine without delays could be done before.
        await Task.Yield();
        try
        {
            using var generation = run.Generation;
            if (events is not null)
            {
                if (await replies.StreamAsync(generation, StreamOf(run, events, keeps: true)) == GenerationOutcome.Failed)
                {
                    store.Put(run.Id, run.Failed());
                }
            }
            else if (await replies.CompleteAsync(generation))
            {
                store.Put(run.Id, run.Ended());
            }
        }
        catch (RequestException)
        {
            store.Put(run.Id, run.Failed());
        }
        catch (Exception exception)
        {
            log.Error("async_llm.py:556", exception.ToString());
            store.Put(run.Id, run.Failed());
        }
        finally
        {
            events?.End();
            store.End(run.Id);
        }
    }
}
