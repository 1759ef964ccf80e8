# Podvirt's schedulers: one leads, the others stand by and take over when its lease runs out. The leader registers engines as
# jobs, which needs a token that may submit, read and stop jobs, and read nodes and logs, in the engines' namespace and no other.
#
# Before the first run, one Nomad variable holds what they must know and nobody else may (see `nomad var put`):
#   nomad/jobs/podvirt-scheduler   nats_url, nomad_addr, nomad_token, config (podvirt.yaml)

variable "archive" {
  type        = string
  description = "Address of a .tar.gz of what `./build.sh publish` made: the program and the files beside it, without a folder around them."
}

variable "checksum" {
  type        = string
  description = "Of the archive, as sha256:<hex>. An archive that differs is not started."
}

variable "datacenters" {
  type        = list(string)
  default     = ["*"]
  description = "Where schedulers may run."
}

variable "node_pool" {
  type        = string
  default     = "default"
  description = "Pool of the machines that schedulers may run on."
}

variable "count" {
  type        = number
  default     = 2
  description = "Schedulers. Two keep one in wait; more only help where two machines fail together."
}

variable "private_network" {
  type        = string
  default     = "default"
  description = "Name of the agents' host_network for /readyz and /metrics, which clients do not reach."
}

variable "cpu" {
  type        = number
  default     = 1000
  description = "MHz of each."
}

variable "memory" {
  type        = number
  default     = 1024
  description = "MiB of each."
}

variable "drain" {
  type        = string
  default     = "30s"
  description = "How long a stopping scheduler may take to hand over. Engines run on. At most the agents' max_kill_timeout (30s unless configured)."
}

job "podvirt-scheduler" {
  type        = "service"
  datacenters = var.datacenters
  node_pool   = var.node_pool

  update {
    max_parallel      = 1
    health_check      = "checks"
    min_healthy_time  = "10s"
    healthy_deadline  = "3m"
    progress_deadline = "10m"
    auto_revert       = true
  }

  group "scheduler" {
    count = var.count

    constraint {
      distinct_hosts = true
    }

    restart {
      attempts = 10
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    migrate {
      max_parallel     = 1
      health_check     = "checks"
      min_healthy_time = "10s"
      healthy_deadline = "3m"
    }

    ephemeral_disk {
      size    = 500
      sticky  = true
      migrate = true
    }

    network {
      mode = "host"

      port "http" {
        host_network = var.private_network
      }
    }

    service {
      name     = "podvirt-scheduler"
      port     = "http"
      provider = "nomad"

      check {
        name     = "ready"
        type     = "http"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "scheduler" {
      driver       = "exec"
      kill_signal  = "SIGTERM"
      kill_timeout = var.drain

      config {
        command = "local/podvirt/podvirt"
        args    = ["serve", "--roles", "scheduler", "--config", "${NOMAD_TASK_DIR}/podvirt.yaml"]
      }

      artifact {
        source      = var.archive
        destination = "local/podvirt"

        options {
          checksum = var.checksum
        }
      }

      env {
        PODVIRT_LISTEN = "http://${NOMAD_ADDR_http}"
        PODVIRT_DATA   = "${NOMAD_ALLOC_DIR}/data"
      }

      template {
        destination = "secrets/podvirt.env"
        env         = true
        perms       = "0400"
        change_mode = "restart"
        splay       = "60s"
        data        = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-scheduler" }}
PODVIRT_NATS_URL={{ .nats_url.Value | toJSON }}
PODVIRT_NOMAD_ADDR={{ .nomad_addr.Value | toJSON }}
PODVIRT_NOMAD_TOKEN={{ .nomad_token.Value | toJSON }}
{{ end }}
EOT
      }

      # A changed file is applied while it runs.
      template {
        destination = "local/podvirt.yaml"
        change_mode = "noop"
        data        = <<EOT
{{ with nomadVar "nomad/jobs/podvirt-scheduler" }}{{ .config.Value }}{{ end }}
EOT
      }

      logs {
        max_files     = 5
        max_file_size = 20
      }

      resources {
        cpu    = var.cpu
        memory = var.memory
      }
    }
  }
}
