using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Replicas;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos;

/// <summary>What a chat completion asks of a video model.</summary>
/// <param name="Stream">As events.</param>
/// <param name="WantsUsage">With the usage chunk at the end.</param>
internal sealed record VideoTurn(ModelDispatcher Model, bool Stream, bool WantsUsage);

/// <summary>
/// Chat completions on a video model: the last user message is the prompt, a job like any other is made of it, and the answer names the
/// video. A client that leaves cancels it.
/// </summary>
internal sealed class VideoChat(VideoIntake intake, VideoCalls calls, VideoBook book, GatewayOptions options, TimeProvider time)
{
    private static readonly string[] s_passedOn =
    [
        "seconds", "size", "width", "height", "seed", "fps", "num_frames", "num_inference_steps", "guidance_scale", "negative_prompt",
    ];

    public async Task ServeAsync(HttpContext context, Caller caller, Guid id, ReadOnlyMemory<byte> body, VideoTurn turn)
    {
        var (run, error) = await intake.TakeAsync(context, caller, id, spool => ReadAsync(body, turn, spool));
        if (run is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, error!);
        }
        else if (turn.Stream)
        {
            await StreamAsync(context, run, turn);
        }
        else
        {
            await AnswerAsync(context, run);
        }
    }

    private async Task AnswerAsync(HttpContext context, VideoRun run)
    {
        if (await calls.WaitAsync(run, context) is not { } job)
        {
            return;
        }
        if (job.Stage != VideoStage.Completed)
        {
            await ApiErrorWriter.WriteReplyAsync(context, VideoCalls.ErrorOf(job));
            return;
        }
        context.Response.Headers["x-podvirt-replica"] = job.Replica;
        await VideoCalls.WriteAsync(context, new
        {
            id = $"chatcmpl-{job.FileName}",
            @object = "chat.completion",
            created = job.CreatedAt.ToUnixTimeSeconds(),
            model = job.Model,
            choices = new[] { new { index = 0, message = new { role = "assistant", content = TextOf(job), video = RefOf(job) }, finish_reason = "stop" } },
            usage = VideoUsage.None,
        });
    }

    private async Task StreamAsync(HttpContext context, VideoRun run, VideoTurn turn)
    {
        using var reply = new PacedReply(context, options, time);
        var waiting = calls.WaitAsync(run, context);
        var interval = options.CommentGrace;
        while (await Task.WhenAny(waiting, Task.Delay(interval, time)) != waiting && !context.RequestAborted.IsCancellationRequested)
        {
            interval = options.CommentInterval;
            Begin(context);
            var comment = CommentOf(book.Find(run.Id), turn.Model);
            reply.Writer.Write(comment);
            if (!await reply.FlushAsync(comment.Length))
            {
                // The wait sees it, and cancels the job.
                context.Abort();
            }
        }
        if (await waiting is not { } job)
        {
            return;
        }
        var end = new ArrayBufferWriter<byte>();
        if (job.Stage == VideoStage.Completed)
        {
            Begin(context);
            foreach (var text in EventsOf(job, turn))
            {
                end.Write(Encoding.UTF8.GetBytes($"data: {text}\n\n"));
            }
        }
        else if (context.Response.HasStarted)
        {
            ApiErrorWriter.WriteEvent(end, VideoCalls.ErrorOf(job), RequestSurface.ChatCompletions, job.Id, sequence: 0);
        }
        else
        {
            await ApiErrorWriter.WriteReplyAsync(context, VideoCalls.ErrorOf(job));
            return;
        }
        reply.Writer.Write(end.WrittenSpan);
        await reply.FlushAsync(end.WrittenCount);
    }

    private static void Begin(HttpContext context)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers["X-Accel-Buffering"] = "no";
        }
    }

    private static byte[] CommentOf(VideoJob? job, ModelDispatcher model)
    {
        var text = new StringBuilder(": ");
        if (job is { Stage: VideoStage.Queued })
        {
            var route = model.Route;
            text.Append(route.Status == ModelStatus.Active ? "queued" : "warming-up");
            if (model.ExpectedWait(parked: null) is { TotalMilliseconds: >= 1 } eta)
            {
                text.Append(CultureInfo.InvariantCulture, $" eta_ms={(long)eta.TotalMilliseconds}");
            }
            if (route.Status != ModelStatus.Active)
            {
                text.Append(CultureInfo.InvariantCulture, $" phase={(route.WarmUp?.Phase ?? "starting").Replace(' ', '-')}");
            }
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"in-progress progress={job?.Progress ?? 0}");
        }
        return Encoding.ASCII.GetBytes(text.Append("\n\n").ToString());
    }

    private static IEnumerable<string> EventsOf(VideoJob job, VideoTurn turn)
    {
        yield return Chunk(Choices(new { role = "assistant", content = "" }));
        yield return Chunk(Choices(new { content = TextOf(job), video = RefOf(job) }));
        yield return Chunk(Choices(new { }, "stop"));
        if (turn.WantsUsage)
        {
            yield return Chunk(Array.Empty<object>(), VideoUsage.None);
        }
        yield return "[DONE]";

        static object Choices(object delta, string? finish = null) => new[] { new { index = 0, delta, finish_reason = finish } };

        string Chunk(object choices, VideoUsage? usage = null)
        {
            var chunk = new Dictionary<string, object>
            {
                ["id"] = $"chatcmpl-{job.FileName}",
                ["object"] = "chat.completion.chunk",
                ["created"] = job.CreatedAt.ToUnixTimeSeconds(),
                ["model"] = job.Model,
                ["choices"] = choices,
            };
            if (usage is not null)
            {
                chunk["usage"] = usage;
            }
            return JsonSerializer.Serialize(chunk, VideoView.Json);
        }
    }

    private static string TextOf(VideoJob job) => $"[video]({AddressOf(job)})";

    private static object RefOf(VideoJob job) => new { id = job.Name, url = AddressOf(job), seconds = job.Seconds, size = job.Size };

    private static string AddressOf(VideoJob job) => $"/v1/videos/{job.Name}/content";

    private static async Task<(VideoForm? Form, ApiError? Error)> ReadAsync(ReadOnlyMemory<byte> body, VideoTurn turn, SpoolFile spool)
    {
        var form = new VideoForm(spool, VideoForm.NewBoundary());
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (PromptOf(root) is not { } prompt)
            {
                return (null, VideoErrors.Invalid("messages", "The last message of the user holds no text: it is the prompt."));
            }
            await form.AddAsync("model", Encoding.UTF8.GetBytes(turn.Model.Model.Id));
            await form.AddAsync("prompt", Encoding.UTF8.GetBytes(prompt));
            foreach (var name in s_passedOn)
            {
                if (root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
                {
                    await form.AddAsync(name, Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
                }
            }
            return (form, null);
        }
        catch (FormRefusedException e)
        {
            return (null, e.Error);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It was looked over before, but for strings that are no text.
            return (null, ApiErrors.NotText);
        }
    }

    private static string? PromptOf(JsonElement root)
    {
        var last = root.GetProperty("messages").EnumerateArray()
            .LastOrDefault(m => m.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String && role.GetString() == "user");
        if (last.ValueKind != JsonValueKind.Object || !last.TryGetProperty("content", out var content))
        {
            return null;
        }
        var text = content.ValueKind switch
        {
            JsonValueKind.String => content.GetString(),
            JsonValueKind.Array => string.Join('\n', content.EnumerateArray()
                .Where(p => p.ValueKind == JsonValueKind.Object && p.TryGetProperty("text", out var t) && t.ValueKind == JsonValueKind.String)
                .Select(p => p.GetProperty("text").GetString())),
            _ => null,
        };
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }
}

/// <summary>A video costs by its seconds: tokens there are none.</summary>
internal sealed record VideoUsage(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    public static VideoUsage None { get; } = new(0, 0, 0);
}
