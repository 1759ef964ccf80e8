using System.Text;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>One answer in the making.</summary>
internal sealed class EngineStream(EngineConnection connection, EngineRequest request, string? requestId, long number, long arrived)
{
    public EngineConnection Connection { get; } = connection;

    public EngineRequest Request { get; } = request;

    /// <summary>The <c>X-Request-Id</c> that came with it.</summary>
    public string? RequestId { get; } = requestId;

    /// <summary>Counts this engine's requests; becomes the answer's id.</summary>
    public long Number { get; } = number;

    /// <summary>When the request was read to its end.</summary>
    public long Arrived { get; } = arrived;

    public byte[] ModelName { get; } = Encoding.UTF8.GetBytes(request.Model);

    /// <summary>Tokens that were given to the kernel.</summary>
    public int Sent { get; set; }

    /// <summary>The role chunk, which precedes the first token, was sent.</summary>
    public bool HasRole { get; set; }

    /// <summary>When the next token is due.</summary>
    public long Due { get; set; }

    /// <summary>False once its client left or its last byte was sent.</summary>
    public bool Running { get; set; } = true;

    public bool IsWritable => Running && !Connection.IsBlocked;
}
