using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Podvirt.Api;

namespace Podvirt.Access;

/// <summary>How often somebody may fail to sign in: by address, and by the e-mail address that they try.</summary>
internal sealed class SignInLimits(TimeProvider time)
{
    /// <summary>Ten a minute: no person types faster, and no guesser gets anywhere.</summary>
    public const int FailuresMax = 10;

    /// <summary>Whoever has many addresses still guesses at one account. Twenty in five minutes: its owner is kept out for minutes at worst.</summary>
    public const int EmailFailuresMax = 20;

    /// <summary>What one IPv6 customer is commonly given.</summary>
    private const int NetworkBytes = 8;

    private readonly AttemptLimiter _addresses = new(time, FailuresMax, TimeSpan.FromMinutes(1));
    private readonly AttemptLimiter _emails = new(time, EmailFailuresMax, TimeSpan.FromMinutes(5));

    public static ApiException TooMany(TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "too_many_attempts", "Too many failed sign-ins. Wait a moment and try again.") { RetryAfter = wait };

    /// <summary>The attempt counts unless it is taken back.</summary>
    /// <param name="email">Null: none is tried.</param>
    /// <exception cref="ApiException">There were too many.</exception>
    public SignInAttempt Begin(HttpContext context, string? email = null)
    {
        var address = NetworkOf(context.Connection.RemoteIpAddress);
        if (_addresses.Begin(address) is { } wait)
        {
            throw TooMany(wait);
        }
        if (email is not null && _emails.Begin(email) is { } emailWait)
        {
            throw TooMany(emailWait);
        }
        return new SignInAttempt(() =>
        {
            _addresses.TakeBack(address);
            if (email is not null)
            {
                _emails.TakeBack(email);
            }
        });
    }

    /// <summary>The address; of IPv6 the network, because its owner has all the addresses in it.</summary>
    internal static string NetworkOf(IPAddress? address)
    {
        if (address is null)
        {
            return "";
        }
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetworkV6 && !IPAddress.IsLoopback(plain)
            ? Convert.ToHexString(plain.GetAddressBytes().AsSpan(0, NetworkBytes))
            : plain.ToString();
    }
}

internal readonly struct SignInAttempt(Action takeBack)
{
    public void Succeeded() => takeBack();
}
