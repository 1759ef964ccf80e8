using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>
/// One HTTP/2 connection, frame by frame (RFC 9113): what no client library lets a test do, such as a stream that takes
/// nothing while its neighbour does.
/// </summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte RstStream = 3;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const uint Cancel = 8;

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private readonly ConcurrentDictionary<int, RawStream> _streams = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private Task _reading = Task.CompletedTask;

    /// <summary>The gateway ended the whole connection.</summary>
    public bool IsClosed { get; private set; }

    /// <param name="window">Bytes that each stream takes before it is given more.</param>
    public static async Task<RawHttp2> ConnectAsync(GatewayHost host, int window = 0)
    {
        var client = new RawHttp2();
        await client._tcp.ConnectAsync(IPAddress.Parse(host.Address.Host), host.Address.Port);
        await client._tcp.GetStream().WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        // SETTINGS_INITIAL_WINDOW_SIZE; the connection's own window is out of the way.
        await client.SendAsync(Settings, 0, 0, [0, 4, .. BigEndian((uint)window)]);
        await client.GrantAsync(0, int.MaxValue - 65_535);
        client._reading = client.ReadAsync();
        return client;
    }

    public RawStream Stream(int id) => _streams.GetOrAdd(id, static _ => new RawStream());

    /// <summary>A request with the default key. Ids are odd, and grow.</summary>
    /// <param name="sent">How much of the body is sent; null: all of it.</param>
    public async Task PostAsync(int id, string body, int? sent = null)
    {
        byte[] head =
        [
            .. Field(":method", "POST"), .. Field(":scheme", "http"), .. Field(":path", Calls.Chat), .. Field(":authority", "x"),
            .. Field("authorization", "Bearer " + GatewayHost.Secret),
        ];
        await SendAsync(Headers, EndHeaders, id, head);
        await SendAsync(Data, sent is null ? EndStream : (byte)0, id, Encoding.UTF8.GetBytes(body)[..(sent ?? body.Length)]);
    }

    public Task GrantAsync(int id, int bytes) => SendAsync(WindowUpdate, 0, id, BigEndian((uint)bytes));

    public Task CancelAsync(int id) => SendAsync(RstStream, 0, id, BigEndian(Cancel));

    public async ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        await _reading;
        _sending.Dispose();
    }

    private async Task ReadAsync()
    {
        var stream = _tcp.GetStream();
        var head = new byte[9];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(head);
                var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
                await stream.ReadExactlyAsync(payload);
                await TakeAsync(head[3], head[4], (int)BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(5)), payload);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            IsClosed = true;
        }
    }

    private async Task TakeAsync(byte type, byte flags, int id, byte[] payload)
    {
        switch (type)
        {
            case Settings when (flags & 1) == 0:
                await SendAsync(Settings, 1, 0, []);
                break;
            case GoAway:
                IsClosed = true;
                break;
            case Headers:
                Stream(id).HasHead = true;
                Stream(id).HasEnded |= (flags & EndStream) != 0;
                break;
            case Data:
                Stream(id).Append(payload);
                Stream(id).HasEnded |= (flags & EndStream) != 0;
                break;
            case RstStream:
                Stream(id).Reset = BinaryPrimitives.ReadUInt32BigEndian(payload);
                break;
            default:
                break;
        }
    }

    private async Task SendAsync(byte type, byte flags, int id, byte[] payload)
    {
        byte[] frame = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, .. BigEndian((uint)id), .. payload];
        await _sending.WaitAsync();
        try
        {
            await _tcp.GetStream().WriteAsync(frame);
        }
        finally
        {
            _sending.Release();
        }
    }

    // A literal field without indexing and without Huffman coding (RFC 7541, 6.2.2).
    private static byte[] Field(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private static byte[] BigEndian(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }
}

/// <summary>What came on one stream.</summary>
internal sealed class RawStream
{
    private readonly StringBuilder _text = new();

    public bool HasHead { get; set; }

    public bool HasEnded { get; set; }

    /// <summary>The error code with which the gateway reset it.</summary>
    public uint? Reset { get; set; }

    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public void Append(byte[] bytes)
    {
        lock (_text)
        {
            _text.Append(Encoding.UTF8.GetString(bytes));
        }
    }

    public Task HasAsync(string text) => Eventually.TrueAsync(() => Text.Contains(text, StringComparison.Ordinal), $"the stream has '{text}'");
}
