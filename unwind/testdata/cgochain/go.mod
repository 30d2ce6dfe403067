module cgochain

go 1.26
