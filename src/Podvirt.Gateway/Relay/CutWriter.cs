using System.Buffers;
using System.Text.Json;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Ends a stream in place of its engine, in the words that engines use when <c>max_tokens</c> is reached: each choice that goes on gets
/// its <c>finish_reason: "length"</c>, then comes the usage chunk for those who asked, then the end mark.
/// </summary>
internal static class CutWriter
{
    /// <param name="start">What the stream's chunks start with, up to <c>choices</c>; empty: made up here.</param>
    /// <param name="open">The choices that have no finish reason.</param>
    /// <param name="cost">A further member of the usage chunk's counts; empty: none.</param>
    public static void Write(IBufferWriter<byte> writer, Exchange exchange, ReadOnlySpan<byte> start, IEnumerable<int> open, ReadOnlySpan<byte> cost)
    {
        var isChat = exchange.Surface.Kind == RequestSurface.ChatCompletions;
        var head = start.Length > 0 ? start : Start(exchange, isChat);
        foreach (var index in open)
        {
            WriteChunk(writer, head, exchange, isChat, index);
        }
        if (exchange.Request.WantsUsage)
        {
            writer.Write("data: "u8);
            writer.Write(head);
            writer.Write("\"choices\":[],\"usage\":"u8);
            WriteUsage(writer, exchange.Tokens, cost);
            writer.Write("}\n\n"u8);
        }
        writer.Write("data: [DONE]\n\n"u8);
    }

    private static void WriteChunk(IBufferWriter<byte> writer, ReadOnlySpan<byte> head, Exchange exchange, bool isChat, int index)
    {
        writer.Write("data: "u8);
        writer.Write(head);
        writer.Write("\"choices\":["u8);
        using (var json = new Utf8JsonWriter(writer))
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, index);
            if (isChat)
            {
                json.WriteStartObject("delta"u8);
                json.WriteEndObject();
            }
            else
            {
                json.WriteString("text"u8, "");
            }
            json.WriteNull("logprobs"u8);
            json.WriteString("finish_reason"u8, "length");
            json.WriteEndObject();
        }
        writer.Write("]"u8);
        if (exchange.Request is { WantsUsage: true, WantsContinuousUsage: true })
        {
            writer.Write(",\"usage\":"u8);
            WriteUsage(writer, exchange.Tokens, more: []);
        }
        else if (!isChat)
        {
            writer.Write(",\"usage\":null"u8);
        }
        writer.Write("}\n\n"u8);
    }

    private static void WriteUsage(IBufferWriter<byte> writer, TokenCounts tokens, ReadOnlySpan<byte> more)
    {
        var text = new ArrayBufferWriter<byte>(256);
        WriteCounts(text, tokens);
        writer.Write(text.WrittenSpan[..^1]);
        writer.Write(more);
        writer.Write("}"u8);
    }

    private static void WriteCounts(IBufferWriter<byte> writer, TokenCounts tokens)
    {
        using var json = new Utf8JsonWriter(writer);
        json.WriteStartObject();
        json.WriteNumber("prompt_tokens"u8, tokens.Prompt);
        json.WriteNumber("total_tokens"u8, tokens.Prompt + tokens.Completion);
        json.WriteNumber("completion_tokens"u8, tokens.Completion);
        if (tokens.Cached > 0)
        {
            json.WriteStartObject("prompt_tokens_details"u8);
            json.WriteNumber("cached_tokens"u8, tokens.Cached);
            json.WriteEndObject();
        }
        if (tokens.Reasoning > 0)
        {
            json.WriteStartObject("completion_tokens_details"u8);
            json.WriteNumber("reasoning_tokens"u8, tokens.Reasoning);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    // An engine whose chunks do not start alike is no vLLM; its clients need these members all the same.
    private static ReadOnlySpan<byte> Start(Exchange exchange, bool isChat)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, $"{(isChat ? "chatcmpl" : "cmpl")}-{exchange.Id:N}");
            json.WriteString("object"u8, isChat ? "chat.completion.chunk" : "text_completion");
            json.WriteNumber("created"u8, exchange.StartedAt.ToUnixTimeSeconds());
            json.WriteString("model"u8, exchange.Dispatcher.Model.Id);
            json.WriteEndObject();
        }
        var text = buffer.WrittenSpan.ToArray();
        text[^1] = (byte)',';
        return text;
    }
}
