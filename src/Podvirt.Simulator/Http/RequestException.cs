using Microsoft.AspNetCore.WebUtilities;

namespace Podvirt.Simulator.Http;

/// <summary>A request that cannot be served; becomes an error reply.</summary>
internal sealed class RequestException(int status, string type, string message, string? parameter) : Exception(message)
{
    private const string MalformedType = "Bad Request";

    public int Status => status;

    public string Type => type;

    public string? Parameter => parameter;

    public bool IsMalformed => type == MalformedType;

    /// <summary>The body has not the shape that the endpoint asks for.</summary>
    public static RequestException Malformed(string message, string? parameter = null) => new(400, MalformedType, message, parameter);

    /// <summary>The body has the right shape and a value that cannot be served.</summary>
    public static RequestException Bad(string message, string? parameter = null) => new(400, "BadRequestError", message, parameter);

    public static RequestException UnknownModel(string model) => new(404, "NotFoundError", $"The model `{model}` does not exist.", "model");

    public static RequestException NotImplemented(string message, string? parameter = null) => new(501, "NotImplementedError", message, parameter);

    /// <summary>What FastAPI's own exception becomes: its type is the status in words.</summary>
    public static RequestException Http(int status, string detail) => new(status, ReasonPhrases.GetReasonPhrase(status), detail, null);

    public static RequestException Engine(string message) => new(500, "InternalServerError", message, null);
}
