using System.Buffers.Text;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>
/// Renders what vLLM sends, one HTTP chunk per event. A delta's content is <c>@NUMBER STAMP ARRIVED…</c>: the token's number from 1, the moment
/// right before it was sent, and on the first token the moment at which the request had arrived (both on the monotonic clock).
/// </summary>
internal sealed class EventWriter
{
    /// <summary>Room for a chunk's length in hex and its line end, written when the length is known.</summary>
    private const int LengthRoom = 10;

    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _end;

    public static ReadOnlySpan<byte> StreamHead => "HTTP/1.1 200 OK\r\nserver: mock\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: mock\r\ntransfer-encoding: chunked\r\n\r\n"u8;

    public ReadOnlySpan<byte> Role(EngineStream stream)
    {
        Begin();
        BeginChunk(stream);
        Put("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]"u8);
        PutContinuousUsage(stream, completion: 0);
        return EndEvent();
    }

    public ReadOnlySpan<byte> Delta(EngineStream stream, int number, long now)
    {
        Begin();
        BeginChunk(stream);
        Put("\"choices\":[{\"index\":0,\"delta\":{\"content\":\""u8);
        PutContent(stream, number, now);
        Put(number == stream.Request.Tokens
            ? "\"},\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null,\"token_ids\":null}]"u8
            : "\"},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]"u8);
        PutContinuousUsage(stream, number);
        return EndEvent();
    }

    public ReadOnlySpan<byte> Usage(EngineStream stream)
    {
        Begin();
        BeginChunk(stream);
        Put("\"choices\":[]"u8);
        PutUsage(stream, stream.Request.Tokens);
        return EndEvent();
    }

    public static ReadOnlySpan<byte> Done => "e\r\ndata: [DONE]\n\n\r\n"u8;

    public static ReadOnlySpan<byte> LastChunk => "0\r\n\r\n"u8;

    public ReadOnlySpan<byte> Plain(EngineStream stream, long now)
    {
        _end = LengthRoom;
        Put("{\"id\":\"chatcmpl-"u8);
        PutId(stream);
        Put("\",\"object\":\"chat.completion\",\"created\":1764000000,\"model\":\""u8);
        Put(stream.ModelName);
        Put("\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""u8);
        PutContent(stream, stream.Request.Tokens, now);
        Put("\",\"refusal\":null,\"tool_calls\":[]},\"logprobs\":null,\"finish_reason\":\"stop\",\"stop_reason\":null}]"u8);
        PutUsage(stream, stream.Request.Tokens);
        Put("}"u8);
        var body = _buffer[LengthRoom.._end];
        return Json(body);
    }

    public ReadOnlySpan<byte> Json(ReadOnlySpan<byte> body, string status = "200 OK")
    {
        _end = 0;
        Put("HTTP/1.1 "u8);
        _end += System.Text.Encoding.ASCII.GetBytes(status, _buffer.AsSpan(_end));
        Put("\r\nserver: mock\r\ncontent-type: application/json\r\ncontent-length: "u8);
        PutNumber(body.Length);
        Put("\r\n\r\n"u8);
        Put(body);
        return _buffer.AsSpan(0, _end);
    }

    private void Begin()
    {
        _end = LengthRoom;
        Put("data: "u8);
    }

    private void BeginChunk(EngineStream stream)
    {
        Put("{\"id\":\"chatcmpl-"u8);
        PutId(stream);
        Put("\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\"model\":\""u8);
        Put(stream.ModelName);
        Put("\","u8);
    }

    private void PutContent(EngineStream stream, int number, long now)
    {
        Put("@"u8);
        PutNumber(number);
        Put(" "u8);
        PutNumber(now);
        Put(" "u8);
        PutNumber(number == 1 || !stream.Request.Stream ? stream.Arrived : 0);
        Put(" "u8);
        _buffer.AsSpan(_end, stream.Request.Padding).Fill((byte)'x');
        _end += stream.Request.Padding;
    }

    private void PutContinuousUsage(EngineStream stream, int completion)
    {
        if (stream.Request.IncludeUsage && stream.Request.ContinuousUsage)
        {
            PutUsage(stream, completion);
        }
    }

    private void PutUsage(EngineStream stream, int completion)
    {
        Put(",\"usage\":{\"prompt_tokens\":"u8);
        PutNumber(stream.Request.PromptTokens);
        Put(",\"total_tokens\":"u8);
        PutNumber(stream.Request.PromptTokens + completion);
        Put(",\"completion_tokens\":"u8);
        PutNumber(completion);
        Put("}"u8);
    }

    private ReadOnlySpan<byte> EndEvent()
    {
        Put("}\n\n"u8);
        var length = _end - LengthRoom;
        Put("\r\n"u8);
        _ = Utf8Formatter.TryFormat(length, _buffer.AsSpan(0, 8), out var digits, new System.Buffers.StandardFormat('x'));
        var start = LengthRoom - 2 - digits;
        _buffer.AsSpan(0, digits).CopyTo(_buffer.AsSpan(start));
        "\r\n"u8.CopyTo(_buffer.AsSpan(LengthRoom - 2));
        return _buffer.AsSpan(start, _end - start);
    }

    private void PutId(EngineStream stream)
    {
        _ = Utf8Formatter.TryFormat(stream.Number, _buffer.AsSpan(_end), out _, new System.Buffers.StandardFormat('x', 32));
        _end += 32;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
    }

    private void PutNumber(long number)
    {
        _ = Utf8Formatter.TryFormat(number, _buffer.AsSpan(_end), out var written);
        _end += written;
    }
}
